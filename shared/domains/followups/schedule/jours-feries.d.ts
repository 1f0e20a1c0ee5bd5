// The package comes without types.
declare module '@socialgouv/jours-feries' {
  /** Returns the public holidays of a year by name, each as midnight in the time zone of the process. */
  export default function getJoursFeries(year: number, options?: { alsace?: boolean }): Record<string, Date>;
}
