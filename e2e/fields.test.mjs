// Which facts a role sees, changed by two people; a member under restriction,
// opened with a reason, and the review of it.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Demo, code, launch, look, open, signIn, tick } from './portal.mjs';

let demo, browser;
const pages = {};

before(async () => { demo = await Demo.make(); browser = await launch(); });
after(async () => {
  await browser?.close();
  if (demo?.child.exitCode === null && demo.child.signalCode === null) await demo.stop();
  demo?.remove();
});

// as gives the page in which somebody is signed in.
async function as(username) {
  pages[username] ??= await (async () => {
    const page = await open(browser);
    await signIn(page, demo.base, demo.person(username));
    return page;
  })();
  return pages[username];
}

// proven answers the page that asks for the second factor, where it is shown.
async function proven(page, username) {
  if (await page.locator('[name=proof_code]').count() === 0) return;
  await look(page, 'asked for the second factor');
  await page.fill('[name=proof_code]', code(demo.person(username)));
  await page.click('main form:not([data-passkey]) button[type=submit]');
}

test('one person proposes which facts a role sees, another approves', async () => {
  const officer = await as('greta.honeychurch');
  await officer.goto(demo.base + '/plan/privacy/fields');
  await look(officer, 'facts by role');
  await officer.click('text=Propose a change');
  await officer.selectOption('main [name=role]', 'viewer');
  await officer.selectOption('main [name=purpose]', 'TREATMENT');
  await officer.click('text=Show the facts');
  await officer.waitForURL((u) => u.searchParams.get('role') === 'viewer');
  await look(officer, 'proposing a change');
  await tick(officer, 'main [name=fields][value="primary care provider"]');
  await officer.fill('main [name=reason]', 'The front desk does not need it');
  await officer.click('button:has-text("Propose it")');
  await officer.waitForSelector('text=Waits for another person');
  await look(officer, 'facts by role with a proposal');

  const admin = await as('octavio.madrigal');
  await admin.goto(demo.base + '/plan/privacy/fields');
  await admin.click('table a:has-text("Viewer for treatment")');
  await look(admin, 'a proposal');
  await admin.click('button:has-text("Approve the change")');
  await proven(admin, 'octavio.madrigal');
  await admin.waitForSelector('text=The table counts with the next request');
  await officer.goto(demo.base + '/plan/privacy/fields/preview?role=viewer&purpose=TREATMENT');
  await look(officer, 'what a role sees');
  assert.match(await officer.locator('tr', { hasText: 'Primary care provider' }).innerText(), /not shown/);
});

test('a member under restriction opens with a reason, loudly, and is reviewed', async () => {
  const officer = await as('greta.honeychurch'), clerk = await as('tomas.ferreira');
  const known = demo.person('tomas.ferreira').members[0];
  await clerk.goto(demo.base + '/members');
  await clerk.fill('main [name=number]', known.member_id);
  await clerk.fill('main [name=birth]', known.birth_date);
  await clerk.click('summary:has-text("First visit here?")');
  await tick(clerk, '[name=visit-seen]');
  await clerk.click('main form button[type=submit]');
  await clerk.waitForURL((u) => u.pathname.startsWith('/members/'));
  const member = clerk.url();
  await officer.goto(demo.base + '/plan/privacy/restrictions');
  await look(officer, 'no restrictions');
  await officer.fill('main [name=number]', known.member_id);
  await officer.fill('main [name=birth]', known.birth_date);
  await tick(officer, 'main [name=kind][value="public person"]');
  await officer.fill('main [name=reason]', 'Is often in the news');
  await officer.click('button:has-text("Restrict")');
  await officer.waitForSelector('text=under restriction from now on');
  await look(officer, 'restrictions');

  await clerk.goto(member);
  assert.equal(new URL(clerk.url()).pathname, '/glass');
  await look(clerk, 'asked for a reason');
  await clerk.fill('main [name=reason]', 'The patient is in our waiting room now');
  await clerk.click('button:has-text("Open for 60 minutes")');
  await proven(clerk, 'tomas.ferreira');
  await clerk.waitForURL(member);
  await clerk.waitForSelector('text=minutes left');
  await look(clerk, 'a restricted member, open');

  await officer.goto(demo.base + '/plan/privacy/restrictions');
  await officer.click('table a:has-text("Ferreira")');
  await look(officer, 'an opening to review');
  await tick(officer, 'main [name=outcome][value=justified]');
  await officer.fill('main [name=note]', 'Called the office: the patient was there.');
  await officer.click('button:has-text("Keep the review")');
  await officer.waitForSelector('text=The review is kept');

  await clerk.click('button:has-text("End it now")');
  await clerk.waitForURL(demo.base + '/');
  await clerk.goto(member);
  assert.equal(new URL(clerk.url()).pathname, '/glass');
  const doctor = await as('elias.stromberg');
  await doctor.goto(demo.base + '/glass/emergency');
  await look(doctor, 'an emergency');
});
