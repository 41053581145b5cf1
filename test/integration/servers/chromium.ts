import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { startProcess, tempDir, until } from './_process';

const FILE = '/usr/bin/chromium';

export interface View {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
  /** Whether the picture is of what is in the window only; otherwise it is of the whole page. */
  readonly windowOnly?: boolean;
  /** As on paper of A4; then there is a PDF as well. */
  readonly print?: boolean;
}

/** What a browser has made of a page. */
export interface Seen {
  /** Errors and warnings in the console, a violated Content-Security-Policy among them. */
  readonly console: readonly string[];
  /** Pixels that the page is wider than the window. */
  readonly overflow: number;
  readonly text: string;
  /** PNG of the whole page. */
  readonly screenshot: Buffer;
  /** Empty where nothing is printed. */
  readonly pdf: Buffer;
  /** What the JavaScript expression of the test is, in the page. */
  readonly value: unknown;
}

export interface Chromium {
  /** @param expression evaluated in the page */
  look(url: string, view: View, expression?: string): Promise<Seen>;
  stop(): Promise<void>;
}

/** Starts a headless Chromium and drives it over its DevTools protocol. */
export async function startChromium(): Promise<Chromium> {
  if (!existsSync(FILE)) throw new Error(`${FILE} is missing: run test/integration/install/debian.sh`);
  const profile = tempDir('chromium');
  mkdirSync(path.join(profile, 'data'));
  const portFile = path.join(profile, 'data', 'DevToolsActivePort');
  const browser = await startProcess({
    file: FILE,
    args: [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-extensions',
      '--disable-background-networking', '--disable-component-update', `--user-data-dir=${profile}/data`, '--remote-debugging-port=0', 'about:blank',
    ],
    env: { HOME: profile },
    logFile: path.join(profile, 'log'),
    readiness: () => Promise.resolve(existsSync(portFile) && readFileSync(portFile, 'utf8').includes('\n')),
    timeoutMs: 60_000,
  });
  const port = readFileSync(portFile, 'utf8').split('\n')[0];
  return {
    look: (url, view, expression = 'null') => look(`http://127.0.0.1:${port}`, url, view, expression),
    stop: () => browser.stop(),
  };
}

async function look(devTools: string, url: string, view: View, expression: string): Promise<Seen> {
  const { width, height, scheme, windowOnly = false, print = false } = view;
  const { id, webSocketDebuggerUrl } = await (await fetch(`${devTools}/json/new?about:blank`, { method: 'PUT' })).json() as { id: string; webSocketDebuggerUrl: string };
  const session = await connect(webSocketDebuggerUrl);
  try {
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await session.send(`${domain}.enable`);
    await session.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    await session.send('Emulation.setEmulatedMedia', { media: print ? 'print' : '', features: [{ name: 'prefers-color-scheme', value: scheme }] });
    await session.send('Page.navigate', { url });
    await until(`${url} is loaded`, 30_000, async () => session.events.some(({ method }) => method === 'Page.loadEventFired'));
    const evaluate = async (code: string) => (await session.send('Runtime.evaluate', { expression: code, returnByValue: true })).result.value as unknown;
    const text = await evaluate('document.body.innerText') as string;
    const overflow = await evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth') as number;
    const value = await evaluate(expression);
    const { data } = await session.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: !windowOnly });
    const pdf = print ? (await session.send('Page.printToPDF', { paperWidth: 8.27, paperHeight: 11.69 })).data as string : '';
    const errors = session.events.flatMap(({ method, params }) => {
      if (method === 'Log.entryAdded') return [`${params.entry.level}: ${params.entry.text} ${params.entry.url ?? ''}`];
      if (method === 'Runtime.consoleAPICalled') return [`console.${params.type}`];
      return method === 'Runtime.exceptionThrown' ? [`exception: ${params.exceptionDetails.text}`] : [];
    });
    return { console: errors, overflow, text, value, screenshot: Buffer.from(data, 'base64'), pdf: Buffer.from(pdf, 'base64') };
  } finally {
    session.close();
    await fetch(`${devTools}/json/close/${id}`);
  }
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: any;
  readonly result?: any;
  readonly error?: { readonly message: string };
}

/** A connection to one tab: commands, and what happens in it. */
async function connect(url: string) {
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`no connection to ${url}`));
  });
  const events: Message[] = [];
  const waiting = new Map<number, (message: Message) => void>();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id === undefined) events.push(message);
    else waiting.get(message.id)?.(message);
  };
  let last = 0;
  return {
    events,
    async send(method: string, params: object = {}): Promise<any> {
      const id = ++last;
      const answer = await new Promise<Message>(resolve => {
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ id, method, params }));
      });
      if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
      return answer.result;
    },
    close: () => socket.close(),
  };
}
