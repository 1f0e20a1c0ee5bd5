// The package has no types of its own.
declare module '@socialgouv/jours-feries' {
  /** The public holidays of a year by their names, each as midnight in the process's own time zone. */
  export default function getJoursFeries(year: number, options?: { alsace?: boolean }): Record<string, Date>;
}
