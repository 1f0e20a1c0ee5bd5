/** Returns the address of a run's page. */
export const runAddress = (id: string): string => `/runs/${encodeURIComponent(id)}`;

/** Returns the address of the list of a task's runs. */
export const runsAddress = (task: string): string => `/runs?task=${encodeURIComponent(task)}`;

/** Returns the address of a follow-up's page. */
export const followupAddress = (id: string): string => `/followups/${encodeURIComponent(id)}`;

/** Returns the address of an organisation's billing settings. */
export const billingAddress = (organisation: string): string =>
  `/billing/${encodeURIComponent(organisation)}`;

/** Returns the address of the mailboxes, at one of them. */
export const mailboxesAddress = (id: string): string => `/inbox?view=mailboxes#${encodeURIComponent(id)}`;

/** Returns the address of the alerts, at one of them. */
export const alertsAddress = (id: string): string => `/alerts#${encodeURIComponent(id)}`;

/** Returns the address of a ticket among the alerts. */
export const ticketAddress = (id: string): string => `/alerts/tickets/${encodeURIComponent(id)}`;

/** Returns the address of a user's page. */
export const personAddress = (id: string): string => `/people/${encodeURIComponent(id)}`;
