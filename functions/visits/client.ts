import { moduleSender } from '../../shared/doors/http/static-module.ts';

/** The browser's module. infra/build.ts puts it into the bundle; it is absent if the sources run directly. */
declare const VISITS_CLIENT: string;

/** Answers GET /api/v1/visits/client.js with the module that reports visits from a web page. */
export const sendClient = moduleSender(async () =>
  typeof VISITS_CLIENT === 'undefined'
    ? (await import('../../shared/browser/bundle.ts')).bundleClient('visits')
    : VISITS_CLIENT,
);
