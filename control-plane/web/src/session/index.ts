/** Who is signed in. */
export { loadSession, may, me, roleIn, session, signIn, signOut, type Me, type Role } from './session.svelte';
