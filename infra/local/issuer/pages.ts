const TEXTS = {
  en: {
    title: 'Sign in',
    intro: 'Test accounts of the local issuer: admintest1 and usertest1.',
    username: 'Account',
    password: 'Password',
    submit: 'Sign in',
    wrong: 'The account or the password is wrong.',
    refused: 'This sign-in cannot go on',
    other: 'Français',
  },
  fr: {
    title: 'Connexion',
    intro: 'Comptes de test de l’émetteur local : admintest1 et usertest1.',
    username: 'Compte',
    password: 'Mot de passe',
    submit: 'Se connecter',
    wrong: 'Le compte ou le mot de passe est erroné.',
    refused: 'Cette connexion ne peut pas continuer',
    other: 'English',
  },
} as const;

/** The languages of the pages. */
export type PageLanguage = keyof typeof TEXTS;

/** Returns the language of the answer: the one in the address, else the browser's preference. */
export function pickLanguage(uiLocales: string | null, acceptLanguage: string | undefined): PageLanguage {
  const wanted = `${uiLocales ?? ''} ${acceptLanguage ?? ''}`.toLowerCase().match(/\b(fr|en)\b/)?.[1];
  return wanted === 'fr' ? 'fr' : 'en';
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (found) => ESCAPES[found] ?? '');

/** The login form. It submits `fields` unchanged. */
export function loginPage(language: PageLanguage, fields: URLSearchParams, wrong: boolean): string {
  const text = TEXTS[language];
  const hidden = [...fields].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const other: PageLanguage = language === 'fr' ? 'en' : 'fr';
  const switched = new URLSearchParams(fields);
  switched.set('ui_locales', other);
  const alert = wrong ? `<p role="alert" id="wrong">${text.wrong}</p>` : '';
  const described = wrong ? ' aria-invalid="true" aria-describedby="wrong"' : '';
  return page(
    language,
    text.title,
    `<p>${text.intro}</p>${alert}
<form method="post" action="authorize">
${hidden.join('\n')}
<label for="username">${text.username}</label>
<input id="username" name="username" autocomplete="username" required autofocus${described}>
<label for="password">${text.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described}>
<button type="submit">${text.submit}</button>
</form>
<p><a href="?${escapeHtml(switched.toString())}" lang="${other}" hreflang="${other}">${text.other}</a></p>`,
  );
}

/** The error page for a request that must not be redirected. The reason is in English, for developers. */
export function refusedPage(language: PageLanguage, reason: string): string {
  return page(language, TEXTS[language].refused, `<p role="alert" lang="en">${escapeHtml(reason)}</p>`);
}

const STYLE = `body{font:1rem/1.5 system-ui,sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem;color:#1b1b1b;
background:#fff}label,input,button{display:block;font:inherit}input,button{width:100%;box-sizing:border-box;
padding:.6rem;margin:.2rem 0 1rem;border:1px solid #595959;border-radius:.3rem}button{background:#12467b;color:#fff}
:focus-visible{outline:3px solid #b35900;outline-offset:2px}[role=alert]{color:#a30000;font-weight:600}`;

function page(language: PageLanguage, title: string, content: string): string {
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>
${content}
</main></body></html>`;
}
