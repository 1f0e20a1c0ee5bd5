/** Returns the route of an action on one follow-up. */
export const followupPath = (id: string, action: string) =>
  `/api/followups/${encodeURIComponent(id)}/${action}`;
