// The floors of the house: who may import whom. Tests plant a violation of these rules and expect it to be found.
const DOMAINS = ['visits', 'presence', 'tickets', 'followups', 'inbox', 'watch'];
const DOORS = '^shared/((http|auth|store|redis|mail|google)/|(config|log|clock)[.]ts$)';

/** A domain knows nothing of the other domains: what they share goes through a task or the store. */
const domainRules = DOMAINS.map((domain) => ({
  name: `domain-${domain}-stays-alone`,
  severity: 'error',
  from: { path: `^shared/${domain}/` },
  to: { path: `^shared/(${DOMAINS.filter((other) => other !== domain).join('|')})/` },
}));

module.exports = {
  forbidden: [
    {
      name: 'infra-and-test-are-the-top-floor',
      comment: 'What is deployed never depends on what deploys or tests it.',
      severity: 'error',
      from: { pathNot: '^(infra|test)/|^[^/]+$' },
      to: { path: '^(infra|test)/' },
    },
    {
      name: 'infra-does-not-import-test',
      severity: 'error',
      from: { path: '^infra/' },
      to: { path: '^test/' },
    },
    {
      name: 'shared-does-not-import-functions',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^functions/' },
    },
    {
      name: 'doors-do-not-import-domains-or-task',
      comment:
        'A door (HTTP, auth, store, redis, mail, google, config, log, clock) serves any domain and knows none.',
      severity: 'error',
      from: { path: DOORS },
      to: { path: `^shared/(${DOMAINS.join('|')}|task)/` },
    },
    {
      name: 'the-page-stands-alone',
      comment: 'The console runs in a browser: of the house it may know types only, and nobody imports it.',
      severity: 'error',
      from: { path: '^functions/console/web/' },
      to: {
        path: '^(functions|shared)/',
        pathNot: '^functions/console/web/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nobody-imports-the-page',
      comment: 'One test compares its words for reasons with those that the tasks give.',
      severity: 'error',
      from: { pathNot: '^(functions/console/web/|test/functions/console-reasons[.]test[.]ts$)' },
      to: { path: '^functions/console/web/' },
    },
    ...domainRules,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // The demo site's files run in the browser, where addresses are not paths.
    exclude: { path: '^(dist|[.]local|infra/local/demo-site)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json', '.node'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
