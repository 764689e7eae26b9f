import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { JobQueue } from 'threadmill';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { picky, read, spin } from '../fixtures/page.job.js';
import { makeQueue, next } from '../helpers.js';
import { boardOf } from './board.js';

const executablePath = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const screenshots = resolve(import.meta.dirname, '../../.build/screenshots');
const WAIT = 60_000;

if (!existsSync(executablePath))
  console.log(`the page is not tested in a browser: there is no ${executablePath} (apt-get install chromium)`);

describe.skipIf(!existsSync(executablePath))('in Chromium', { timeout: 2 * WAIT }, () => {
  let browser: Browser;
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    browser = await chromium.launch({ executablePath, args: [...FLAGS, '--disable-component-update', '--disable-sync'] });
  }, WAIT);
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  afterAll(() => browser?.close());

  /** The page of a queue, in a browser. */
  async function open(queue: JobQueue, path = ''): Promise<Page> {
    const server = await boardOf(queue);
    const address = await server.listen({ port: 0, host: '127.0.0.1' });
    closers.push(() => server.close());
    const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
    closers.push(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT);
    // Fonts from elsewhere: there is no elsewhere.
    await page.route(/^https:/, (route) => route.abort());
    await page.goto(`${address}/jobs${path}`);
    return page;
  }

  /** What stands behind the three dots of the queue. */
  async function choose(page: Page, action: string) {
    await page.locator('button:has(.lucide-ellipsis-vertical)').last().click();
    await page.getByRole('menuitem', { name: action }).click();
  }

  it('a job that failed shows its stack, is retried by a click, and completes', async () => {
    const queue = makeQueue({ jobs: [read] });
    const path = join(mkdtempSync(join(tmpdir(), 'threadmill-page-')), 'file.txt');
    const job = await queue.add(read, { path });
    await next(queue, 'failed');
    const page = await open(queue, '/queue/default?status=failed');
    await page.getByText('Attempt 2: failed').waitFor();
    const shown = await page.getByRole('tabpanel').innerText();
    expect(shown).toContain('Attempt 2: failed');
    expect(shown).toContain('Attempt 1: failed');
    expect(shown).toMatch(/ENOENT: no such file[\s\S]*page\.job\.js/);
    await page.screenshot({ path: join(screenshots, 'failed.png') });
    writeFileSync(path, 'it is there now');
    const completed = next(queue, 'completed');
    await page.locator('button:has(.lucide-refresh-cw)').last().click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await completed;
    await page.getByRole('link', { name: 'COMPLETED' }).click();
    await page.getByText(job.id).waitFor();
    await page.getByRole('tab', { name: 'Data' }).click();
    expect(await page.getByRole('tabpanel').innerText()).toContain('it is there now');
    await page.getByRole('tab', { name: 'Logs' }).click();
    await page.getByText(`info reading ${path}`).first().waitFor();
  });

  it('a job that was killed shows where it was stuck', async () => {
    const queue = makeQueue();
    const job = await queue.add(spin, {});
    await next(queue, 'failed');
    const page = await open(queue, `/queue/default/${job.id}`);
    await page.getByText('Post-mortem: computing').waitFor();
    expect(await page.getByRole('tabpanel').innerText()).toMatch(
      /timed out after 150 ms in spinForEver \(page\.job\.js:\d+\)\s+at spinForEver/,
    );
    await page.screenshot({ path: join(screenshots, 'killed.png') });
  });

  it('the queue is paused and resumed', async () => {
    const queue = makeQueue();
    const page = await open(queue);
    const paused = next(queue, 'paused');
    await choose(page, 'Pause');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await paused;
    await page.getByText('Paused', { exact: false }).first().waitFor();
    expect(queue.isPaused).toBe(true);
    const resumed = next(queue, 'resumed');
    await choose(page, 'Resume');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await resumed;
    expect(queue.isPaused).toBe(false);
  });

  it('the form starts from the schema, and adds a job', async () => {
    const queue = makeQueue({ jobs: [read] });
    const page = await open(queue, '/queue/default');
    await choose(page, 'Add job');
    const data = page.locator('.cm-content').first();
    await page.getByText('/tmp/file.txt').waitFor();
    await page.screenshot({ path: join(screenshots, 'form.png') });
    const path = join(mkdtempSync(join(tmpdir(), 'threadmill-page-')), 'file.txt');
    writeFileSync(path, 'from the form');
    await data.fill(JSON.stringify({ path }));
    const completed = next(queue, 'completed');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const [job] = await completed;
    expect(job.input).toEqual({ path });
    expect(await job.result()).toEqual({ text: 'from the form' });
  });

  it('what the schema refuses is told, and adds nothing', async () => {
    const queue = makeQueue({ jobs: [picky] });
    const page = await open(queue, '/queue/default');
    await choose(page, 'Add job');
    await page.locator('.cm-content').first().fill('{ "good": 7 }');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText('the input of job "picky" is invalid').waitFor();
    expect(queue.stats().totals.added).toBe(0);
  });
});
