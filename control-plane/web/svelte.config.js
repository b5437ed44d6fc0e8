import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    // Shorter than usual, in every element that is styled; 60 million are enough for some hundred components.
    cssHash: ({ hash, css }) => `s${hash(css).slice(0, 5)}`,
    // Tables that are drawn as cards would lose their roles without being told them.
    warningFilter: (warning) => warning.code !== 'a11y_no_redundant_roles',
  },
};
