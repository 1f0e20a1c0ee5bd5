/** The mark of the house: a round, and the light that goes it. */
export function Lantern({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#12507b" />
      <path d="M16 6a10 10 0 1 0 10 10" fill="none" stroke="#ffd479" strokeWidth="3" strokeLinecap="round" />
      <circle cx="22.5" cy="9.5" r="3.5" fill="#ffd479" />
    </svg>
  );
}
