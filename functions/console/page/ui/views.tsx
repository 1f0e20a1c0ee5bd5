import { Link } from 'wouter';

interface Props {
  /** The name of the choice, for assistive technology. */
  name: string;
  views: readonly { to: string; label: string; here: boolean }[];
}

/** The lists of one page, each with an address of its own. */
export function Views({ name, views }: Props) {
  return (
    <nav className="views" aria-label={name}>
      {views.map(({ to, label, here }) => (
        <Link key={to} href={to} className="view" aria-current={here ? 'page' : undefined}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
