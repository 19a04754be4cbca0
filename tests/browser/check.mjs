// Opens one page in Chromium and tells, as one JSON document, what happened.
//
//   node check.mjs CHROMIUM PROFILE PAGE [SCREENSHOT_PREFIX]
//
// Every view is opened with scripts off, as a reader may have them, and with scripts on, as an
// attack would need them; axe-core runs in a world of its own, which the page's policy cannot bar.

import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {chromium} from 'playwright-core';

const [executablePath, profile, page, shots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const url = pathToFileURL(page).href;
const VIEWS = [
  {name: 'phone', width: 360, height: 740, scripts: true},
  {name: 'desktop', width: 1280, height: 900, scripts: true},
  {name: 'phone-dark', width: 360, height: 740, scripts: true, dark: true},
  {name: 'phone-without-scripts', width: 360, height: 740, scripts: false},
];
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

async function look(view) {
  const context = await chromium.launchPersistentContext(`${profile}/${view.name}`, {
    executablePath,
    headless: true,
    args: FLAGS,
    javaScriptEnabled: view.scripts,
    viewport: {width: view.width, height: view.height},
    colorScheme: view.dark ? 'dark' : 'light',
  });
  try {
    const tab = await context.newPage();
    const seen = {view: view.name, requests: [], console: [], errors: [], dialogs: 0, popups: 0};
    context.on('request', (request) => {
      if (request.url() !== url) seen.requests.push(request.url().slice(0, 200));
    });
    tab.on('console', (message) => seen.console.push(`${message.type()}: ${message.text()}`));
    tab.on('pageerror', (error) => seen.errors.push(String(error)));
    tab.on('dialog', (dialog) => { seen.dialogs += 1; dialog.dismiss(); });
    tab.on('popup', () => { seen.popups += 1; });
    await tab.goto(url, {waitUntil: 'load'});
    seen.stayed = tab.url() === url;
    seen.title = await tab.title();
    if (view.scripts) Object.assign(seen, await measures(tab));
    if (view.scripts) seen.axe = await faults(context, tab);
    if (shots) await tab.screenshot({path: `${shots}-${view.name}.png`});
    if (shots && view.scripts) {
      await tab.screenshot({path: `${shots}-${view.name}-whole.png`, fullPage: true});
    }
    seen.text = view.scripts ? undefined : (await tab.locator('body').innerText()).length;
    return seen;
  } finally {
    await context.close();
  }
}

async function measures(tab) {
  return tab.evaluate(() => {
    const open = () => document.querySelectorAll('details').forEach((one) => { one.open = true; });
    const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
    const folded = overflow();
    open();
    const tooWide = [...document.querySelectorAll('body *')]
      .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((one) => one.tagName);
    return {
      overflow: Math.max(folded, overflow()),
      tooWide,
      inserted: document.querySelectorAll(
        'script, iframe, img, svg, object, embed, form, button, input, link, base, [style], ' +
        'a:not([href^="#"]), meta[http-equiv="refresh" i]').length,
      handlers: [...document.querySelectorAll('*')].filter(
        (one) => [...one.attributes].some((attribute) => attribute.name.startsWith('on'))).length,
    };
  });
}

async function faults(context, tab) {
  const session = await context.newCDPSession(tab);
  const {frameTree} = await session.send('Page.getFrameTree');
  const {executionContextId: contextId} = await session.send(
    'Page.createIsolatedWorld', {frameId: frameTree.frame.id, worldName: 'axe'});
  const run = async (expression) => {
    const answer = await session.send(
      'Runtime.evaluate', {expression, contextId, awaitPromise: true, returnByValue: true});
    if (answer.exceptionDetails) throw new Error(JSON.stringify(answer.exceptionDetails));
    return answer.result.value;
  };
  await run(`${axe}; true`);
  return run(`axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations.map(
    ({id, impact, nodes}) => ({id, impact, where: nodes.slice(0, 3).map((one) => one.html.slice(0, 200))})))`);
}

const views = [];
for (const view of VIEWS) views.push(await look(view));
process.stdout.write(JSON.stringify(views));
