/** Pages, addresses, and going from one to the other. */
export { href, match, type RoutePath, type Target } from './paths';
export { arrivalCount, guardLeaving, location, navigate, setQuery, start } from './router.svelte';
