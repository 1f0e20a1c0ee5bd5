import type { Texts } from '../base/en.ts';

/** A page of the menu, with the letter that leads there after a g. */
export interface MenuPage {
  to: string;
  name: keyof Texts['nav'];
  letter: string;
  /** Addresses that belong to it beside its own. */
  also?: readonly string[];
}

/** The pages in the order of the menu. */
export const PAGES: readonly MenuPage[] = [
  { to: '/', name: 'home', letter: 'h', also: ['/runs', '/incidents'] },
  { to: '/followups', name: 'followups', letter: 'f', also: ['/billing', '/customers'] },
  { to: '/inbox', name: 'inbox', letter: 'i' },
  { to: '/alerts', name: 'alerts', letter: 'a' },
  { to: '/visits', name: 'visits', letter: 'v' },
  { to: '/presence', name: 'presence', letter: 'p', also: ['/people'] },
  { to: '/settings', name: 'settings', letter: 's' },
];

/** Returns true if an address belongs to a page of the menu. */
export function isHere({ to, also = [] }: MenuPage, path: string): boolean {
  if (path === to) return true;
  return [...(to === '/' ? [] : [to]), ...also].some((start) => path.startsWith(start));
}
