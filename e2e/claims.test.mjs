// Claims as an office meets them: by day, by number and by member, one claim
// whole, a protected one with its notice, and nothing of another office.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Demo, launch, look, open, signIn } from './portal.mjs';

let demo, browser, page;

before(async () => {
  demo = await Demo.make();
  browser = await launch();
  page = await open(browser);
  await signIn(page, demo.base, demo.person('tomas.ferreira'));
}, { timeout: 180_000 });

after(async () => {
  await browser?.close();
  if (demo?.child.exitCode === null && demo.child.signalCode === null) await demo.stop();
  demo?.remove();
});

const day = (back) => new Date(Date.now() - back * 86_400_000).toLocaleDateString('en-US');

async function found(from, to) {
  await page.goto(demo.base + '/claims');
  await page.fill('main [name=from]', day(from));
  await page.fill('main [name=to]', day(to));
  await page.click('text=Show the claims of these days');
  await page.waitForURL(/\/claims\?/);
  return page.locator('[aria-labelledby=found] tbody tr').count();
}

test('the search says what it is for, and refuses what makes no sense', async () => {
  await page.goto(demo.base + '/');
  await page.click('nav >> text=Claims');
  await look(page, 'claims');
  assert.ok((await page.locator('main').innerText()).includes('Some information may be withheld by law. Call '));
  await page.fill('main [name=from]', '2/30/2026');
  await page.click('text=Show the claims of these days');
  await page.waitForSelector('.usa-error-message');
  assert.equal(await page.inputValue('main [name=from]'), '2/30/2026');
  await look(page, 'claims, refused');
});

test('by day, then one claim with its lines and what was known when', async () => {
  assert.ok(await found(100, 10) > 3, 'claims of the last months');
  await look(page, 'claims of days');
  await page.locator('[aria-labelledby=found] tbody tr', { hasText: 'Partly paid' }).first().locator('a').first().click();
  await page.waitForURL(/\/claims\/\w+$/);
  const text = await page.locator('main').innerText();
  for (const part of ['Where it stands', 'Charged', 'Member’s part', 'Remittance reference', 'What was known when', 'everything is explained', 'Some information may be withheld by law.']) {
    assert.ok(text.includes(part), part);
  }
  await look(page, 'claim');
});

test('by number and by member, with nothing of it in the address', async () => {
  const number = (await page.locator('h1').innerText()).replace('Claim ', '');
  const [id, birth] = (await page.locator('.hs-facts').first().innerText().then(() => page.locator('text=/born/').first().innerText())).split(' · born ');
  await page.goto(demo.base + '/claims');
  await page.fill('main [name=claim]', number.toLowerCase());
  await page.click('text=Find the claim');
  await page.waitForURL(/\/claims\/\w+$/);
  await page.goto(demo.base + '/claims');
  await page.fill('main [name=claim]', 'NO-SUCH-CLAIM');
  await page.click('text=Find the claim');
  await page.waitForSelector('text=Nothing found');
  await look(page, 'no such claim');
  await page.fill('main [name=number]', id);
  await page.fill('main [name=birth]', birth);
  await page.click('text=Find the member’s claims');
  await page.waitForSelector('[aria-labelledby=found]');
  assert.ok(!page.url().includes(id));
  await look(page, 'claims of a member');
  await page.fill('main [name=birth]', '1/1/1911');
  await page.click('text=Find the member’s claims');
  await page.waitForSelector('text=Nothing found');
});

test('a protected claim carries label and notice, and the member page lists the claims', async () => {
  for (let back = 10; back < 220; back += 90) {
    await found(back + 90, back);
    const links = await page.locator('[aria-labelledby=found] tbody tr a').evaluateAll((all) => all.map((a) => a.href));
    for (const href of links) {
      await page.goto(href);
      if (await page.locator('text=42 CFR part 2 prohibits unauthorized use or disclosure of these records.').count() === 0) continue;
      await look(page, 'protected claim');
      await page.locator('main a[href^="/members/"]').first().click();
      await page.waitForURL(/\/members\//);
      assert.ok(await page.locator('[aria-labelledby=claims] tbody tr').count() > 0);
      await look(page, 'member with claims');
      return;
    }
  }
  assert.fail('the made-up plan has no protected claim for this office');
});
