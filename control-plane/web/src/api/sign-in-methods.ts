/** Which ways to sign in this installation has. */
import { api, body, type Schemas } from './client';

export type SignInMethods = Schemas['SignInMethodsView'];

/** Never fails: name and password can always be tried, and the answer then says what is wrong. */
export async function loadSignInMethods(signal: AbortSignal): Promise<SignInMethods> {
  return body(api.GET('/api/auth/methods', { signal })).catch(() => ({ password: true, oidc: null }));
}
