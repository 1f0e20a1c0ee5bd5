import { moduleSender } from '../../shared/doors/http/static-module.ts';

/** The browser's module. infra/build.ts puts it into the bundle; it is absent if the sources run directly. */
declare const PRESENCE_CLIENT: string;

/** Answers GET /v1/activity/client.js with the module that reports presence from a web page. */
export const sendClient = moduleSender(async () =>
  typeof PRESENCE_CLIENT === 'undefined'
    ? (await import('../../shared/browser/bundle.ts')).bundleClient('presence')
    : PRESENCE_CLIENT,
);
