import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    // Tables that are drawn as cards would lose their roles without being told them.
    warningFilter: (warning) => warning.code !== 'a11y_no_redundant_roles',
  },
};
