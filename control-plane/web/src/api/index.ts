/** The API as the UI sees it. */
export { all, api, BASE, body, idempotencyKey, isAbort, tagged, type Schemas } from './client';
export { ApiProblem, asProblem, UNREACHABLE, type FieldProblem } from './problem';
export { Resource, resource } from './resource.svelte';
