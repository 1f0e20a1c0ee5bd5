const KEY = 'demo.sent';
const KEPT = 12;

/** Calls back with the requests that this tab has sent to an endpoint, newest first, now and after each change. */
export function watchRequests(endpoint, show) {
  const { fetch } = window;
  let sent = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
  const keep = () => {
    sent = sent.slice(0, KEPT);
    sessionStorage.setItem(KEY, JSON.stringify(sent));
    show(sent);
  };
  window.fetch = (address, init) => {
    const answer = fetch(address, init);
    if (String(address).startsWith(endpoint) && init?.method === 'POST') {
      const body = JSON.parse(init.body);
      const kind = String(address).slice(endpoint.length).split('/')[2] ?? 'start';
      const { path, reason, elapsed_ms: elapsed, engaged_ms: engaged } = body;
      const one = { at: Date.now(), kind, path, reason, elapsed, engaged };
      sent.unshift(one);
      keep();
      const settle = (status) => {
        one.status = status;
        keep();
      };
      answer.then(
        (response) => settle(response.status),
        () => settle(0),
      );
    }
    return answer;
  };
  show(sent);
}
