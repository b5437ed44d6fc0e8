/** How frameworks are written. Detection names them by slugs; most are the name in lower case. */
import { t } from '../i18n';

const NAMES: Readonly<Record<string, string>> = {
  aspnet: 'ASP.NET Core', bun: 'Bun', cobol: 'COBOL', cpp: 'C++', docpad: 'DocPad', dotnet: '.NET', fastapi: 'FastAPI',
  fasthtml: 'FastHTML', fsharp: 'F#', hydrogen: 'Shopify Hydrogen', mdbook: 'mdBook', mkdocs: 'MkDocs',
  nestjs: 'NestJS', next: 'Next.js', node: 'Node.js', observable: 'Observable Framework', php: 'PHP',
  'preact-cli': 'Preact CLI', qwik: 'Qwik City', redwood: 'RedwoodJS', sanity: 'Sanity Studio', solidstart: 'SolidStart',
  sveltekit: 'SvelteKit', 'tanstack-router': 'TanStack Router', 'tanstack-start': 'TanStack Start', umi: 'UmiJS',
  vitepress: 'VitePress', 'vue-cli': 'Vue CLI', vuepress: 'VuePress', wmr: 'WMR', xmcp: 'xmcp',
};

export function frameworkName(slug: string): string {
  switch (slug) {
    case 'none': return t('framework.none');
    case 'custom': return t('framework.custom');
    case 'static-html': return t('framework.static_html');
    case 'container': return t('framework.container');
    case 'node-lib': return t('framework.npm_package');
    case 'python-lib': return t('framework.python_package');
    case 'rust-lib': return t('framework.crate');
    default: return NAMES[slug] ?? slug.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ');
  }
}
