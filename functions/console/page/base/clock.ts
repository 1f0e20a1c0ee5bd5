/** The only place of the page that reads the browser's clock. */
export const now = (): Date => new Date();
