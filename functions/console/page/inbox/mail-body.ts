/** The HTML of a mail without its pictures, and the facts about them. */
export interface Body {
  html: string;
  /** Pictures that would have come from outside. */
  remote: boolean;
  /** Pictures that came with the mail. */
  inline: boolean;
}

/**
 * A mail's HTML with a word in the place of each picture. The server has taken away addresses from outside already; what
 * came with the mail is among its attachments. (That this changes nothing in a mail of ill will is the frame's business.)
 */
export function withoutPictures(html: string, word: string): Body {
  let [remote, inline] = [false, false];
  const replaced = html.replaceAll(/<img\b[^<>]*>/gi, (tag) => {
    if (/\ssrc="cid:/i.test(tag)) inline = true;
    else remote = true;
    const [, alt = ''] = /\salt="([^"]*)"/i.exec(tag) ?? [];
    return `<i>[${alt.trim() || word}]</i>`;
  });
  return { html: replaced, remote, inline };
}
