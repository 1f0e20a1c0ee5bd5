/**
 * The Functions Framework starts the server and calls a function. Three of its habits cost too much and are switched off:
 *
 * | the framework                          | here                                    | why                                   |
 * | -------------------------------------- | --------------------------------------- | ------------------------------------- |
 * | opens a `node:domain` per request      | `withoutDomains`, domain.ts             | Node then tracks every promise: half  |
 * |                                        |                                         | of the CPU time of a sweep, and more  |
 * |                                        |                                         | of a synchronisation of mailboxes     |
 * | reads a body of up to 1 GB, and        | `leaveBodyUnread`, body.ts; the router  | a caller without a proof is refused   |
 * | answers a malformed one with its page  | reads 64 KiB at most, behind the door   | unread; all errors have one form      |
 * | loads everything before it listens     | engines open at their first use         | a refused request needs no engine;    |
 * |                                        | (runtime/deps.ts), and their packages   | they take longer to load than all     |
 * |                                        | load then (infra/build/lazy-packages.ts)| the rest of a function                |
 *
 * Two more things are set outside the code: `semi_space_mib` in infra/scheduler.yaml (collecting new objects was a fifth of
 * a first synchronisation), and the framework stays outside the bundles (infra/build.ts), since Google Cloud starts it.
 */
import { subscribe } from 'node:diagnostics_channel';
import { http } from '@google-cloud/functions-framework';
import type { HttpHandler, HttpRequest } from '../http/request.ts';
import { leaveBodyUnread } from './body.ts';
import { withoutDomains } from './domain.ts';

/** Registers a function with the Functions Framework, in a process of its own. */
export function registerFunction(name: string, handler: HttpHandler): void {
  subscribe('http.server.request.start', (message) =>
    leaveBodyUnread((message as { request: HttpRequest }).request),
  );
  withoutDomains();
  http(name, handler);
}
