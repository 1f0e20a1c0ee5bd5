// A page that reports its visits, as a site of yours would, and shows what it sends and what the server stored.
import { trackPageVisits } from '/api/v1/visits/client.js';
import { keepPresence } from '/v1/activity/client.js';
import { watchRequests } from './sent.js';
import { TEXTS } from './texts.js';

const ENDPOINT = '/api/v1/visits';
const PRESENCE_ENDPOINT = '/v1';
const REFRESH_MS = 2_000;
const { issuer } = await (await fetch('/demo/settings.json')).json();

const language = chosenLanguage();
const text = TEXTS[language];
const find = (id) => document.getElementById(id);
const say = (id, words) => {
  find(id).textContent = words;
};
const seconds = (value) =>
  value == null ? '' : `${value.toLocaleString(language, { maximumFractionDigits: 1 })} s`;
const clock = (value) => (value == null ? '' : new Date(value).toLocaleTimeString(language));

function chosenLanguage() {
  const asked = new URLSearchParams(location.search).get('lang') ?? sessionStorage.getItem('demo.language');
  const known = asked === 'fr' || asked === 'en' ? asked : navigator.language.startsWith('fr') ? 'fr' : 'en';
  sessionStorage.setItem('demo.language', known);
  return known;
}

/** One question to the issuer at a time. */
let asked;

/** The session, as an auth library keeps it: a token in the tab, renewed by the issuer. The password is public. */
async function getToken(refresh) {
  if (signedOut()) return null;
  const kept = sessionStorage.getItem('demo.token');
  if (kept && !refresh) return kept;
  asked ??= askToken().finally(() => {
    asked = undefined;
  });
  return await asked;
}

/** A new session. */
async function askToken() {
  const form = new URLSearchParams({ grant_type: 'password', username: 'usertest1', password: 'Test1234!' });
  const answer = await fetch(`${issuer}/token`, { method: 'POST', body: form });
  const { access_token } = await answer.json();
  sessionStorage.setItem('demo.token', access_token);
  return access_token;
}

const signedOut = () => sessionStorage.getItem('demo.out') === '1';
const visits = trackPageVisits({ endpoint: ENDPOINT, getToken });
const presence = keepPresence({ endpoint: PRESENCE_ENDPOINT, getToken });

async function sign() {
  if (signedOut()) {
    sessionStorage.removeItem('demo.out');
    visits.login();
    await presence.login();
  } else {
    await Promise.all([visits.logout(), presence.logout()]);
    sessionStorage.removeItem('demo.token');
    sessionStorage.setItem('demo.out', '1');
  }
  showState();
  await showServer();
}

function showPage() {
  const name = text.pages[location.pathname] ?? location.pathname;
  document.title = `${name} - Ronde`;
  document.documentElement.lang = language;
  say('title', name);
  find('nav').replaceChildren(...Object.entries(text.pages).map(link));
  Object.assign(find('language'), {
    textContent: text.other.name,
    lang: text.other.lang,
    hreflang: text.other.lang,
    href: `?lang=${text.other.lang}`,
  });
}

function link([path, name]) {
  const a = Object.assign(document.createElement('a'), { href: path, textContent: name });
  if (path === location.pathname) a.setAttribute('aria-current', 'page');
  if (path === '/demo/help') {
    a.onclick = (event) => {
      event.preventDefault();
      history.pushState(null, '', path);
      showPage();
    };
  }
  return a;
}

function showState() {
  const on = { visible: !document.hidden, focus: document.hasFocus(), user: !signedOut() };
  for (const [id, value] of Object.entries(on)) {
    say(id, text[id][Number(value)]);
    find(id).classList.toggle('on', value);
  }
  say('sign', text.sign[Number(on.user)]);
}

/** As an administrator sees the account. */
async function showOnline() {
  const { is_online: online = false, as_of: since } = await (await fetch('/demo/presence.json')).json();
  say('online', `${text.online[Number(online)]} ${clock(since)}`);
  find('online').classList.toggle('on', online);
}

const showServer = () => Promise.all([showStored(), showOnline()]);

function row(cells, name = '') {
  const tr = document.createElement('tr');
  tr.className = name;
  tr.append(...cells.map((cell) => Object.assign(document.createElement('td'), { textContent: cell })));
  return tr;
}

const showSent = (sent) =>
  find('sent').replaceChildren(
    ...sent.map((one) =>
      row([
        clock(one.at),
        `${text.kinds[one.kind]} ${one.path ?? ''}`,
        seconds(one.elapsed / 1000),
        seconds(one.engaged / 1000),
        text.reasons[one.reason] ?? '',
        one.status === undefined ? '…' : one.status || text.unreachable,
      ]),
    ),
  );

async function showStored() {
  const { items } = await (await fetch('/demo/visits.json')).json();
  const rows = items.map((one) =>
    row(
      [
        one.path,
        clock(one.start_time),
        clock(one.last_activity_at),
        clock(one.end_time),
        seconds(one.duration_seconds),
        seconds(one.engaged_seconds),
        text.reasons[one.close_reason] ?? '',
        text.sources[one.duration_source] ?? '',
      ],
      one.end_time === null ? 'open' : '',
    ),
  );
  find('stored').replaceChildren(...rows);
}

for (const [id, words] of Object.entries({
  intro: text.intro,
  'sent-title': text.sentTitle,
  'sent-intro': text.sentIntro,
  'stored-title': text.storedTitle,
  'stored-intro': text.storedIntro,
})) {
  say(id, words);
}
for (const part of ['sent', 'stored']) {
  const heads = text[`${part}Head`].map((words) =>
    Object.assign(document.createElement('th'), { scope: 'col', textContent: words }),
  );
  find(`${part}-head`).replaceChildren(...heads);
}
watchRequests(ENDPOINT, showSent);
showPage();
showState();
await showServer();
find('sign').onclick = sign;
addEventListener('popstate', showPage);
for (const name of ['focus', 'blur', 'pageshow']) addEventListener(name, showState);
document.addEventListener('visibilitychange', showState);
setInterval(() => document.hidden || showServer().catch(() => undefined), REFRESH_MS);
