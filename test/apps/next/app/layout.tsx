import Link from 'next/link';
import type { ReactNode } from 'react';
import { Presence } from './presence';

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <Presence />
        <Link id="parts" href="/parts">
          Parts
        </Link>
        {children}
      </body>
    </html>
  );
}
