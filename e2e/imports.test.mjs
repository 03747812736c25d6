// Files of members as the plan's administrator meets them: one that would end
// most coverages waits, changes nothing, and is decided by somebody else.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Demo, code, launch, look, open, run, signIn } from './portal.mjs';

const whole = 'member_number,last,first,birth,plan,from\nONLYONE0001,Marsh,Only,1960-02-03,SHA-PLUS,2026-01-01\n';
let demo, browser, page, admin;

before(async () => {
  demo = await Demo.make();
  await demo.stop();
  for (const name of ['refused.csv', 'approved.csv']) {
    const file = join(demo.dir, name);
    // Other bytes, or the second would be the first again.
    writeFileSync(file, name === 'refused.csv' ? whole : whole.replace('Only', 'Olive'));
    const said = run('import', 'members', file, '--full', '--ends', '2026-12-31', '--yes', '--data', demo.dir);
    assert.match(said.out, /second person/, said.out);
  }
  await demo.start();
  browser = await launch();
  page = await open(browser);
  admin = demo.people.find((p) => p.role === 'plan administrator');
  await signIn(page, demo.base, admin);
}, { timeout: 180_000 });

after(async () => {
  await browser?.close();
  if (demo?.child.exitCode === null && demo.child.signalCode === null) await demo.stop();
  demo?.remove();
});

const main = () => page.locator('main').innerText();

async function strong() {
  if (await page.locator('[name=proof_code]').count() === 0) return;
  await page.fill('[name=proof_code]', code(admin));
  await page.click('main form:not([data-passkey]) button[type=submit]');
}

test('a file that would end most coverages waits, and says why', async () => {
  await page.goto(demo.base + '/plan/imports');
  await look(page, 'imports');
  assert.match(await main(), /refused\.csv/);
  assert.match(await main(), /approved\.csv/);
  await page.click('main a:has-text("refused.csv")');
  await look(page, 'held file');
  assert.match(await main(), /Nothing of this file is loaded/);
});

test('it is refused for a reason, and what was typed stays', async () => {
  await page.click('button:has-text("Refuse the file")');
  await page.waitForSelector('text=needs your attention');
  await look(page, 'refusing without a reason');
  await page.fill('#f-refuse-reason', 'The sponsor sent one family for a whole plan');
  await page.click('button:has-text("Refuse the file")');
  await strong();
  await page.waitForURL(/\/plan\/imports\?done=/);
  await look(page, 'imports after a refusal');
  assert.match(await main(), /Held and decided/);
});

test('it is approved, and loaded in the background', async () => {
  await page.click('main a:has-text("approved.csv")');
  await page.fill('#f-approve-reason', 'The plan ends with the year, agreed with the sponsor');
  await page.click('button:has-text("Approve and load the file")');
  await strong();
  await page.waitForURL(/\/plan\/imports\?done=/);
  for (let i = 0; i < 60 && !/Loaded[\s\S]*approved\.csv[\s\S]*Held and decided/.test(await main()); i++) {
    await new Promise((done) => setTimeout(done, 500));
    await page.reload();
  }
  assert.match(await main(), /Loaded[\s\S]*approved\.csv[\s\S]*Held and decided/);
  await look(page, 'imports after an approval');
});
