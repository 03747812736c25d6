// The one printed copy, asked for as people do; and what the browser's own
// print of a page puts onto paper: nothing about a member.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Demo, launch, look, open, signIn, tick } from './portal.mjs';

let demo, browser, clerk, number, first;

// shoot keeps a picture or a file for people who want to look, where PRINT_OUT
// names a folder.
async function shoot(page, name) {
  if (!process.env.PRINT_OUT) return;
  mkdirSync(process.env.PRINT_OUT, { recursive: true });
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: join(process.env.PRINT_OUT, `${name}-${width}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

function keep(path, name) {
  if (!process.env.PRINT_OUT) return;
  mkdirSync(process.env.PRINT_OUT, { recursive: true });
  copyFileSync(path, join(process.env.PRINT_OUT, name));
}

function textOf(path) {
  const r = spawnSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
  assert.equal(r.status, 0, `pdftotext (Debian package poppler-utils): ${r.error ?? r.stderr}`);
  return r.stdout.replaceAll(/\s+/g, ' ');
}

// download presses a button that answers with a file, and gives its path.
async function download(page, press) {
  const coming = page.waitForEvent('download');
  await press();
  const got = await coming;
  assert.match(got.suggestedFilename(), /^copy-C\d\d-\d{9}-\d\.pdf$/);
  return got.path();
}

async function accept(page) {
  if (!page.url().includes('/agreement')) return;
  await tick(page, '[name=agree]');
  await page.click('button:has-text("Accept")');
  await page.waitForURL((u) => !u.pathname.startsWith('/agreement'));
}

before(async () => {
  demo = await Demo.make();
  browser = await launch();
  clerk = await open(browser, { acceptDownloads: true });
  await signIn(clerk, demo.base, demo.person('dana.okafor'));
  await accept(clerk);
}, { timeout: 180_000 });

after(async () => {
  await browser?.close();
  if (demo?.child.exitCode === null && demo.child.signalCode === null) await demo.stop();
  demo?.remove();
});

test('the first copy comes at a press, and says whose it is', async () => {
  await clerk.goto(demo.base + '/authorizations');
  await clerk.locator('table a[href^="/authorizations/A"]').first().click();
  await clerk.waitForURL(/\/authorizations\/A/);
  number = new URL(clerk.url()).pathname.split('/').pop();
  await look(clerk, 'a request with its copy');
  await shoot(clerk, 'case');
  await clerk.click('a:has-text("Print the one copy")');
  await look(clerk, 'before the first copy');
  await shoot(clerk, 'print-first');
  first = await download(clerk, () => clerk.click('button:has-text("Print the one copy")'));
  keep(first, 'case.pdf');
  const text = textOf(first);
  for (const want of [number, 'Copy 1 of 1', 'Dana Okafor', 'If you find this sheet']) assert.ok(text.includes(want), want);
});

test('another copy takes a reason, and tells who has the first', async () => {
  await clerk.goto(demo.base + '/authorizations/' + number);
  await clerk.click('a:has-text("Printed once: print another")');
  assert.match(await clerk.textContent('main'), /Copy 1/);
  await clerk.click('button:has-text("Print copy 2")');
  await clerk.waitForSelector('[role=alert]:visible');
  await look(clerk, 'another copy without a reason');
  await shoot(clerk, 'print-second');
  await clerk.fill('[name=reason]', 'the first one was lost in the mail');
  const path = await download(clerk, () => clerk.click('button:has-text("Print copy 2")'));
  keep(path, 'case-second.pdf');
  assert.match(textOf(path), /Copy 2, the first was given on/);
});

test('the browser’s own print of a page holds nothing about a member', async () => {
  await clerk.goto(demo.base + '/authorizations/' + number);
  const href = await clerk.locator('main a[href^="/members/"]').first().getAttribute('href');
  const name = (await clerk.locator('main a[href^="/members/"]').first().innerText()).trim();
  const paths = ['/', '/authorizations', '/authorizations/' + number, '/authorizations/' + number + '/receipt', href, '/print/case/' + number];
  for (const path of paths) {
    await clerk.goto(demo.base + path);
    const said = await clerk.textContent('main');
    const file = await clerk.pdf({ displayHeaderFooter: true, headerTemplate: '<span class="title" style="font-size:9px"></span>', footerTemplate: '<span></span>' });
    const at = join(demo.dir, 'paper.pdf');
    writeFileSync(at, file);
    const paper = textOf(at) + ' ' + spawnSync('pdfinfo', [at], { encoding: 'utf8' }).stdout;
    assert.match(paper, /not a printed copy/, path);
    for (const word of name.split(/[\s-]+/).filter((w) => w.length > 2)) {
      assert.ok(!paper.includes(word), `${path} puts ${word} onto paper: ${paper}`);
    }
    assert.ok(!/SHA\d{6}/.test(paper), `${path} puts a member ID onto paper`);
    assert.ok(paper.length < 900, `${path} puts more than the notice onto paper: ${paper}`);
    assert.ok(said.length > 0);
  }
});

test('eligibility prints, and so does a document', async () => {
  await clerk.goto(demo.base + '/authorizations/' + number);
  await clerk.locator('main a[href^="/members/"]').first().click();
  await clerk.waitForURL(/\/members\//);
  await shoot(clerk, 'member');
  await clerk.click('a:has-text("Print the one copy")');
  let path = await download(clerk, () => clerk.click('button:has-text("Print the one copy")'));
  keep(path, 'eligibility.pdf');
  assert.match(textOf(path), /Eligibility on/);
  await clerk.goto(demo.base + '/authorizations');
  for (const href of await clerk.locator('table a[href^="/authorizations/A"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')))) {
    await clerk.goto(demo.base + href);
    const link = clerk.locator('a[href^="/print/document/"]').first();
    if (await link.count() === 0) continue;
    await link.click();
    await look(clerk, 'before the copy of a document');
    path = await download(clerk, () => clerk.click('button:has-text("Print the one copy")'));
    keep(path, 'document.pdf');
    assert.match(textOf(path), /Copy 1 of 1/);
    return;
  }
  assert.fail('no request of the demo has a document');
});

test('the privacy officer finds the sheet, and reviews the second copy', async () => {
  const officer = await open(browser);
  const person = demo.people.find((p) => p.role === 'privacy officer');
  await signIn(officer, demo.base, person);
  await accept(officer);
  await officer.goto(demo.base + '/plan/copies');
  await look(officer, 'printed copies');
  await shoot(officer, 'copies');
  const sheet = /C\d\d-\d{9}-\d/.exec(textOf(first))[0];
  await officer.fill('[name=number]', sheet.toLowerCase());
  await officer.click('button:has-text("Look up")');
  await officer.waitForURL(/\/plan\/copies\/C/);
  await look(officer, 'a copy that was found');
  await shoot(officer, 'copy');
  const said = await officer.textContent('main');
  assert.match(said, /Dana Okafor/);
  await officer.goto(demo.base + '/plan/copies');
  await officer.locator('table a[href^="/plan/copies/C"]').first().click();
  await tick(officer, '[name=outcome]');
  await officer.fill('[name=note]', 'Called the office; the letter came back.');
  await look(officer, 'the review of a second copy');
  await shoot(officer, 'review');
  await officer.click('button:has-text("Close the review")');
  await officer.waitForURL(/done=reviewed/);
});
