// The member page, the panel and the directory, looked at as an office does.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Demo, launch, look, open, signIn, tick } from './portal.mjs';

let demo, browser, clerk, covered;

before(async () => {
  demo = await Demo.make();
  browser = await launch();
  const person = demo.people.find((p) => p.accepted && p.role === 'requester' && p.organization === 'Riverside Cardiology');
  covered = person.members.find((m) => m.what === 'covered');
  clerk = await open(browser);
  await signIn(clerk, demo.base, person);
}, { timeout: 180_000 });

after(async () => {
  await browser?.close();
  if (demo?.child.exitCode === null && demo.child.signalCode === null) await demo.stop();
  demo?.remove();
});

const main = () => clerk.locator('main').innerText();

test('coverage that changed after a look stands on the first page until it is opened', async () => {
  await clerk.goto(demo.base + '/');
  await look(clerk, 'home with a change');
  assert.match(await main(), /Coverage changed after you looked/);
  await clerk.click('section:has(#changed) a[href^="/members/"], [aria-labelledby=changed] a[href^="/members/"]');
  await clerk.waitForURL(/\/members\/\w+\?on=/);
  assert.match(await main(), /What the plan knew/);
  assert.match(await main(), /Changed after the day had passed/);
  await look(clerk, 'member whose coverage changed');
  await clerk.goto(demo.base + '/');
  assert.doesNotMatch(await main(), /Coverage changed after you looked/);
});

test('the panel says who came and who went, and opens its members', async () => {
  await clerk.goto(demo.base + '/panel');
  await look(clerk, 'panel');
  await clerk.click('a:has-text("Gone since")');
  await clerk.waitForURL(/show=dropped/);
  assert.match(await main(), /Moved to another provider/);
  await look(clerk, 'gone from the panel');
  await clerk.goto(demo.base + '/panel');
  await clerk.click('main tbody a >> nth=0');
  await clerk.waitForURL(/\/members\/\w+/);
  assert.match(await main(), /On your panel/);
});

test('the member page answers for a day and for a service, with the keyboard too', async () => {
  await clerk.goto(demo.base + '/members');
  await clerk.fill('main [name=number]', covered.member_id);
  await clerk.fill('main [name=birth]', covered.birth_date);
  await clerk.click('summary:has-text("First visit here?")');
  await tick(clerk, '[name=visit-seen]');
  await clerk.click('main button:has-text("Look up")');
  await clerk.waitForURL(/\/members\/\w+/);
  assert.match(await main(), /Covered today: yes/);
  assert.match(await main(), /Used \$[\d,.]+ of \$/);
  await look(clerk, 'member page');
  await clerk.selectOption('[name=service]', { label: 'Inpatient hospital' });
  await clerk.focus('[name=on]');
  await clerk.keyboard.type('1/1/2020');
  await clerk.keyboard.press('Enter');
  await clerk.waitForURL(/service=\d/);
  assert.match(await main(), /Inpatient hospital: An authorization is needed/);
  assert.match(await main(), /twelve months back/i);
  assert.equal(await clerk.inputValue('[name=on]'), '1/1/2020', 'what was typed was lost');
  await look(clerk, 'member page with a day that is too long ago');
});

test('the directory finds who may perform a service', async () => {
  await clerk.goto(demo.base + '/providers');
  await look(clerk, 'directory');
  await clerk.selectOption('[name=specialty]', 'Cardiology');
  await clerk.click('button:has-text("Find providers")');
  await clerk.waitForURL(/specialty=Cardiology/);
  assert.match(await main(), /Riverside Cardiology/);
  await look(clerk, 'providers found');
  await clerk.selectOption('[name=specialty]', '');
  await clerk.click('button:has-text("Find providers")');
  await clerk.waitForSelector('text=needs your attention');
  await look(clerk, 'directory asked nothing');
});
