// What is loaded together. Many small files compress badly and ask many times; one large file makes the first page
// wait for the last. Earlier groups win, and a group has what its modules import unless an earlier one has it.

/** Everything the start page shows, and what every page needs. */
const CORE = [
  'node_modules/',
  'src/(?:main|App)',
  'src/(?:i18n|format|router|session|providers)/',
  'src/api/(?!events|sse|download)',
  'src/shell/(?!CommandPalette|ShortcutHelp|rank)',
  'src/ui/(?!index|Combobox|ListTable|Popover|ProviderForm|provider-form|Radio|Select|Tabs)',
  'src/pages/(?:overview/|shared/access|teams/roles|accounts/(?:health|providers))',
  'src/pages/sandbox/(?:AgentStatus|NewSandbox|SandboxCard)',
  'src/deployments/(?:causes|DeploymentLine|status)',
];

const GROUPS = { core: CORE, log: ['src/log/'], pages: ['src/'] };

export const groups = Object.entries(GROUPS).map(([name, parts], index) => ({
  name,
  priority: Object.keys(GROUPS).length - index,
  test: new RegExp(`/(?:${parts.join('|')})`),
}));
