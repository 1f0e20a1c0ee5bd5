import { useMemo } from 'react';
import { nonce } from '../base/environment.ts';

interface Props {
  html: string;
  title: string;
  /** The mail is one of ours: its style sheet is in force. Nobody else's is. */
  own?: boolean;
}

/**
 * A mail's HTML in a frame of its own: no script runs in it, it has no origin, and the page's policy holds in it too, so
 * that nothing is loaded from anywhere. A link opens a new tab, when a person clicks it.
 */
export function MailFrame({ html, title, own = false }: Props) {
  const document = useMemo(() => framed(html, own), [html, own]);
  return (
    <iframe
      className="mail"
      title={title}
      sandbox="allow-popups allow-popups-to-escape-sandbox"
      referrerPolicy="no-referrer"
      srcDoc={document}
    />
  );
}

/** Links lead to a new tab: in the frame the page's policy would stop them. */
const BASE = '<base target="_blank">';

function framed(html: string, own: boolean): string {
  const styled = own ? html.replace('<style>', `<style nonce="${nonce}">`) : html;
  return styled.includes('<head>')
    ? styled.replace('<head>', `<head>${BASE}`)
    : `<!doctype html>${BASE}${styled}`;
}
