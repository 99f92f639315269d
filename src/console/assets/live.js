/* Keeps a page fresh: on an event of the stream, fetches the page again and swaps what is inside <main>, unless a
   person is typing. Without this script every page works, one reload at a time. */
'use strict';
(() => {
  const address = document.body.dataset.live;
  if (!address || !window.EventSource) return;
  const say = (text) => {
    const state = document.querySelector('.live-state');
    if (state && state.textContent !== text) state.textContent = text;
  };
  let wanted = false;
  let busy = false;

  async function refresh() {
    if (busy) return;
    const field = document.activeElement;
    const typing = field && ['INPUT', 'SELECT', 'TEXTAREA'].includes(field.tagName);
    if (typing || [...document.querySelectorAll('main input[type=text]')].some((input) => input.value))
      return;
    busy = true;
    wanted = false;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
      if (answer.ok && !answer.redirected) {
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const focused = document.activeElement && document.activeElement.id;
        document.querySelector('main').replaceWith(fresh.querySelector('main'));
        document.title = fresh.title;
        if (focused) document.getElementById(focused)?.focus();
      }
    } catch {
      wanted = true; // the next tick tries again
    } finally {
      busy = false;
    }
  }

  const stream = new EventSource(address);
  stream.addEventListener('open', () => say('live'));
  stream.addEventListener('error', () => say('reconnecting …'));
  const note = () => {
    wanted = true;
  };
  for (const name of ['message', 'event', 'look', 'release']) stream.addEventListener(name, note);
  setInterval(() => {
    if (wanted && !document.hidden) void refresh();
  }, 500);
  // Looks of the judge are rows, not events: while a release is under way the page asks by itself.
  setInterval(() => {
    if (document.querySelector('.state-running, .state-waiting-approval')) wanted = true;
  }, 2_000);
})();
