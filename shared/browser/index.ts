export type { GetToken } from './options.ts';
export { keepPresence, type Presence, type PresenceOptions } from './presence.ts';
export { type PageVisits, type TrackOptions, trackPageVisits } from './visits.ts';
