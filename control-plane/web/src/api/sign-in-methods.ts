/** Which ways to sign in this installation has. */
import { BASE } from './client';

export interface SignInMethods {
  password: boolean;
  /** The issuer people sign in at, when there is one. */
  oidc: { name: string } | null;
}

const PASSWORD_ONLY: SignInMethods = { password: true, oidc: null };

/** Never fails: name and password can always be tried, and the answer then says what is wrong. */
export async function loadSignInMethods(signal: AbortSignal): Promise<SignInMethods> {
  try {
    const response = await fetch(`${BASE}/api/auth/methods`, { signal, headers: { accept: 'application/json' } });
    if (!response.ok) return PASSWORD_ONLY;
    return read(await response.json());
  } catch {
    return PASSWORD_ONLY;
  }
}

function read(answer: unknown): SignInMethods {
  const { password, oidc } = (answer ?? {}) as { password?: unknown; oidc?: { name?: unknown } | null };
  const name = oidc?.name;
  return { password: password !== false, oidc: oidc ? { name: typeof name === 'string' ? name : '' } : null };
}
