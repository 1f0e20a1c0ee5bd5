import { moduleSender } from '../../shared/doors/http/static-module.ts';

/** The browser's module, written in by infra/build.ts; absent where the sources run as they are. */
declare const PRESENCE_CLIENT: string;

/** Answers GET /v1/activity/client.js with the module that shows from a web page that somebody is there. */
export const sendClient = moduleSender(async () =>
  typeof PRESENCE_CLIENT === 'undefined'
    ? (await import('../../shared/browser/bundle.ts')).bundleClient('presence')
    : PRESENCE_CLIENT,
);
