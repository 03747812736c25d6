// What every walk needs: a portal of its own, a browser, and pages that are
// looked at as they go by.
import { spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { AxeBuilder } from '@axe-core/playwright';

export const bin = process.env.HSCONNECT_BIN;
assert.ok(bin, 'HSCONNECT_BIN names the built program: run this through make e2e');

// A small PDF that is whole.
export function pdf(text) {
  const stream = `BT /F1 18 Tf 72 700 Td (${text}) Tj ET`;
  const objects = ['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    `<</Length ${stream.length}>>\nstream\n${stream}\nendstream`, '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>'];
  let out = '%PDF-1.4\n';
  const at = objects.map((o, i) => { const here = out.length; out += `${i + 1} 0 obj\n${o}\nendobj\n`; return here; });
  const xref = out.length;
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n` + at.map((n) => `${String(n).padStart(10, '0')} 00000 n \n`).join('');
  return Buffer.from(out + `trailer\n<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${xref}\n%%EOF\n`);
}

export function run(...args) {
  const r = spawnSync(bin, args, { encoding: 'utf8' });
  return { code: r.status, out: r.stdout + r.stderr };
}

async function freePort() {
  return new Promise((resolve, reject) => {
    const s = createServer();
    s.on('error', reject);
    s.listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); });
  });
}

async function ready(base) {
  for (let i = 0; i < 200; i++) {
    try {
      const r = await fetch(base + '/readyz');
      if (r.ok) return;
    } catch { /* not yet */ }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('the portal did not become ready');
}

// Portal is an empty portal as an operator starts it, served until stopped.
// What it wrote to its log is in said.
export class Portal {
  static async make() {
    const p = new Portal();
    p.dir = mkdtempSync(join(tmpdir(), 'hsconnect-e2e-'));
    p.data = join(p.dir, 'data');
    p.said = '';
    const address = `127.0.0.1:${await freePort()}`;
    p.base = `http://localhost:${address.split(':')[1]}`; // by this name browsers have passkeys
    p.child = spawn(bin, ['serve', '--data', p.data, '--listen', address], { stdio: ['ignore', 'ignore', 'pipe'] });
    p.child.stderr.setEncoding('utf8').on('data', (text) => { p.said += text; });
    await ready(p.base);
    return p;
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((done) => this.child.once('close', done));
    this.child.kill();
    await ended;
  }

  remove() { rmSync(this.dir, { recursive: true, force: true }); }
}

// Demo is a made-up plan in a folder of its own, served until stopped: a copy
// of the one in HSCONNECT_DEMO, which is made once for all walks.
export class Demo {
  static async make() {
    const d = new Demo();
    d.dir = mkdtempSync(join(tmpdir(), 'hsconnect-e2e-'));
    if (process.env.HSCONNECT_DEMO) {
      cpSync(process.env.HSCONNECT_DEMO, d.dir, { recursive: true });
    } else {
      const built = run('demo', '--data', d.dir, '--build-only');
      assert.equal(built.code, 0, built.out);
    }
    d.people = JSON.parse(readFileSync(join(d.dir, 'sign-ins.json'), 'utf8'));
    d.address = `127.0.0.1:${await freePort()}`;
    d.base = `http://localhost:${d.address.split(':')[1]}`; // by this name browsers have passkeys
    await d.start();
    return d;
  }

  async start() {
    this.child = spawn(bin, ['demo', '--data', this.dir, '--listen', this.address], { stdio: ['ignore', 'ignore', 'inherit'] });
    await ready(this.base);
  }

  async stop(signal = 'SIGTERM') {
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill(signal);
    await ended;
  }

  person(username) {
    const p = this.people.find((x) => x.username === username);
    assert.ok(p, `no sign-in for ${username}`);
    return p;
  }

  remove() { rmSync(this.dir, { recursive: true, force: true }); }
}

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

// look holds a page to WCAG 2.2 AA as far as axe can tell, and to 390 pixels.
export async function look(page, name) {
  const size = page.viewportSize();
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    // Else axe opens a page of its own for each answer, which takes twice as long and is for frames of other origins: there are none.
    const found = await new AxeBuilder({ page }).withTags(rules).setLegacyMode(true).analyze();
    const said = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')}`);
    assert.deepEqual(said, [], `${name} at ${width} px`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${name} scrolls sideways by ${over} at ${width} px`);
  }
  await page.setViewportSize(size);
}

// tick presses the label of a radio button or checkbox, as people do.
export async function tick(page, selector) {
  const id = await page.locator(selector).first().getAttribute('id');
  await page.click(`label[for="${id}"]`);
}

export async function signIn(page, base, person) {
  await page.goto(base + '/login');
  await page.fill('[name=username]', person.username);
  await page.fill('[name=password]', person.password);
  await page.click('main form:not([data-passkey]) button[type=submit]');
  await page.waitForURL((u) => u.pathname !== '/login');
  await prove(page, person);
}

// prove takes the second step: with a code of the person's app, which counts
// once, or else with one of her recovery codes. Who has neither sets up an app.
export async function prove(page, person) {
  assert.equal(new URL(page.url()).pathname, '/login/mfa');
  const here = page.url();
  if (await page.locator('#factor-key').count() > 0) {
    await look(page, 'setting up a second factor');
    person.second_factor_secret = (await page.textContent('#factor-key')).replaceAll(/\s/g, '');
    await page.fill('main form:not([data-passkey]) [name=code]', code(person));
    await page.click('text=Use this app');
    await page.waitForSelector('.hs-recovery');
    await look(page, 'recovery codes');
    person.recovery_codes = await page.locator('.hs-recovery li').allTextContents();
    await page.click('text=I have kept them');
    return;
  }
  await page.fill('main form:not([data-passkey]) [name=code]', code(person));
  await page.click('main form:not([data-passkey]) button[type=submit]');
  await page.waitForURL((u) => u.href !== here && u.pathname !== '/login/mfa');
}

// code gives what proves a person now: each step of her app once, and while
// that is used a recovery code.
export function code(person) {
  const step = Math.floor(Date.now() / 30_000);
  if ((person.step ?? 0) < step) {
    person.step = step;
    return totp(person.second_factor_secret, step);
  }
  assert.ok(person.recovery_codes.length > 0, `${person.username} has no recovery code left`);
  return person.recovery_codes.shift();
}

// totp is RFC 6238 with SHA-1, six digits and 30 seconds.
export function totp(secret, step) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const letter of secret) bits += letters.indexOf(letter).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return page;
}
