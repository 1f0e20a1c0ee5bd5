// The floors of the house, as the folders show them: a folder imports from the floors below it, never from beside it.
const forbid = (name, from, to, more = {}) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: to, ...more },
});

module.exports = {
  forbidden: [
    forbid('deployed-code-imports-no-infra', '^(functions|shared)/', '^(infra|test)/'),
    forbid('infra-imports-no-test', '^infra/', '^test/'),
    forbid('shared-imports-no-functions', '^shared/', '^functions/'),
    {
      ...forbid('functions-stay-apart', '', '^functions/[^/]+/', { pathNot: '^functions/$1/' }),
      // The page has rules of its own: it may know the words of tasks.
      from: { path: '^functions/([^/]+)/', pathNot: '^functions/console/page/' },
    },
    forbid('domains-stay-apart', '^shared/domains/([^/]+)/', '^shared/domains/', {
      pathNot: '^shared/domains/$1/',
    }),
    forbid('domains-know-doors-only', '^shared/domains/', '^shared/(runtime|browser)/'),
    // A caller may come by HTTP or by the command line: a domain says what is wrong, a function gives it a status.
    forbid('domains-know-no-http', '^shared/domains/', '^shared/doors/http/'),
    forbid('runtime-knows-doors-only', '^shared/runtime/', '^shared/(domains|browser)/'),
    forbid('doors-know-doors-only', '^shared/doors/', '^shared/(runtime|domains|browser)/'),
    forbid('browser-stands-alone', '^shared/browser/', '^(functions/|shared/(runtime|domains|doors)/)'),
    forbid('nothing-lies-loose-in-shared', '', '^shared/[^/]+$'),
    {
      ...forbid('page-knows-types-only', '^functions/console/page/', '^(functions|shared)/', {
        dependencyTypesNot: ['type-only'],
      }),
      to: {
        path: '^(functions|shared)/',
        pathNot: '^(functions/console/page/|functions/[^/]+/words[.]ts$|shared/domains/[^/]+/limits[.]ts$)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      ...forbid('page-is-imported-by-itself-only', '', '^functions/console/page/'),
      from: { pathNot: '^(functions/console/page/|test/functions/console/page/words[.]test[.]ts$)' },
    },
    forbid(
      'page-features-stay-apart',
      '^functions/console/page/(?!app/|base/|ui/)([^/]+)/',
      '^functions/console/page/(?!base/|ui/)[^/]+/',
      {
        pathNot: '^functions/console/page/$1/',
      },
    ),
    forbid(
      'page-base-knows-no-feature',
      '^functions/console/page/(base|ui)/',
      '^functions/console/page/(?!base/|ui/)[^/]+/',
    ),
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // The demo site's files run in the browser, where addresses are not paths.
    exclude: { path: '^(dist|[.]local|infra/local/demo/site|test/apps/[^/]+)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json', '.node'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
