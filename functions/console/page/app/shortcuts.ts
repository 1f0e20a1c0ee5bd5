import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { PAGES } from './navigation.ts';

/** The second key of a short cut has to follow this soon. */
const PAIR_MS = 1_000;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Keys for those who come often: / goes to the search, g and a page's letter go to that page. */
export function useShortcuts(isOn: boolean): void {
  const [, go] = useLocation();
  useEffect(() => {
    if (!isOn) return;
    let asked = Number.NEGATIVE_INFINITY;
    const listen = (event: KeyboardEvent) => {
      const { key, timeStamp, target, ctrlKey, metaKey, altKey } = event;
      if (ctrlKey || metaKey || altKey || isTyping(target) || document.querySelector('[role=dialog]')) return;
      if (key === '/') {
        event.preventDefault();
        const box = document.querySelector<HTMLInputElement>('input[type=search]');
        // On a narrow screen the box is on the page of the search alone.
        if (box?.checkVisibility()) box.focus();
        else go('/search');
      }
      const page = timeStamp - asked < PAIR_MS ? PAGES.find(({ letter }) => letter === key) : undefined;
      asked = key === 'g' ? timeStamp : Number.NEGATIVE_INFINITY;
      if (page) go(page.to);
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [isOn, go]);
}
