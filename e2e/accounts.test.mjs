// Accounts in the browser: an administrator invites, the invited makes her
// account, works, is ended; a password that somebody knows; the desk; leaving.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Demo, code, launch, look, open, signIn, tick } from './portal.mjs';

let demo, browser;
const invited = { username: 'ingrid.aalto', password: 'seven quiet lanterns drift' };

before(async () => { demo = await Demo.make(); browser = await launch(); });
after(async () => {
  await browser?.close();
  if (demo?.child.exitCode === null && demo.child.signalCode === null) await demo.stop();
  demo?.remove();
});

// The newest mail to an address, as plain text.
async function mail(address, subject) {
  const folder = join(demo.dir, 'mail');
  for (let i = 0; i < 150; i++) {
    let all = [];
    try { all = readdirSync(folder).sort().map((name) => readFileSync(join(folder, name), 'utf8')); } catch { /* none yet */ }
    const found = all.filter((m) => m.includes(`<${address}>`) && m.includes(subject)).at(-1);
    if (found) return found.replaceAll('=\n', '').replaceAll('=\r\n', '').replaceAll('=3D', '=');
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`no mail to ${address} about ${subject}`);
}

// strong answers the page that asks again, where it is shown.
async function strong(page, person) {
  if (await page.locator('[name=proof_code]').count() === 0) return;
  await look(page, 'asked again');
  await page.fill('[name=proof_code]', code(person));
  await page.click('main form:not([data-passkey]) button[type=submit]');
}

async function accept(page) {
  await page.waitForURL((u) => u.pathname === '/agreement');
  await tick(page, '[name=agree]');
  await page.click('button:has-text("Accept")');
  await page.waitForURL((u) => !u.pathname.startsWith('/agreement'));
}

let admin;

test('a local administrator invites, and the invited makes her account', async () => {
  admin = await open(browser);
  await signIn(admin, demo.base, demo.person('winifred.halloran'));
  await admin.goto(demo.base + '/office');
  await look(admin, 'people of an office');
  await admin.goto(demo.base + '/office/invite');
  await look(admin, 'inviting');
  await admin.fill('main [name=name]', 'Ingrid Aaltó <b>');
  await admin.fill('main [name=email]', 'ingrid@example.org');
  await tick(admin, 'main [name=roles][value=requester]');
  await admin.click('main form button[type=submit]');
  await strong(admin, demo.person('winifred.halloran'));
  await admin.waitForURL((u) => u.pathname === '/office');
  await look(admin, 'people with an invitation');
  const letter = await mail('ingrid@example.org', 'Subject:');
  const link = letter.match(/http:\/\/localhost:\d+\/invite\/[\w-]{43}/)[0];
  assert.ok(!/password:|member/i.test(letter.split('--')[2] ?? ''), 'a mail says too much');

  const page = await open(browser);
  await page.goto(link);
  await look(page, 'invitation');
  await page.fill('main [name=username]', invited.username);
  await page.fill('main [name=password]', 'short');
  await page.fill('main [name=again]', 'short');
  await page.click('button:has-text("Accept and make the account")');
  await page.waitForSelector('[role=alert]:visible');
  await look(page, 'invitation with a weak password');
  await page.fill('main [name=password]', invited.password);
  await page.fill('main [name=again]', invited.password);
  await page.click('button:has-text("Accept and make the account")');
  await page.waitForURL((u) => !u.href.startsWith(link));
  await look(page, 'invitation accepted');
  assert.equal((await page.goto(link)).status(), 404, 'an invitation opens twice');
  await signIn(page, demo.base, invited);
  await accept(page);
  await page.goto(demo.base + '/members');
  assert.match(page.url(), /\/members$/);
  await page.goto(demo.base + '/office');
  assert.ok(!(await page.locator('main').innerText()).includes('Invite somebody'), 'a requester manages people');
  await page.context().close();
});

test('the account page: factors, sessions, who controls the access', async () => {
  const page = await open(browser);
  const p = demo.person('tomas.ferreira');
  await signIn(page, demo.base, p);
  for (const path of ['/account', '/account/security', '/account/sessions', '/account/organizations', '/account/leave', '/office/administrators']) {
    assert.equal((await page.goto(demo.base + path)).status(), 200, path);
    await look(page, path);
  }
  assert.match(await page.locator('main').innerText(), /Winifred Halloran/);
  const other = await open(browser);
  await signIn(other, demo.base, p);
  await page.goto(demo.base + '/account/sessions');
  await page.click('summary:has-text("Sign out all others")');
  await page.click('button:has-text("Sign out all other browsers")');
  await strong(page, p);
  await page.goto(demo.base + '/account/sessions');
  await other.goto(demo.base + '/members');
  assert.match(other.url(), /\/login/, 'an ended session still opens');
  await other.context().close();
  await page.context().close();
});

test('someone may know my password: everything ends, a new one comes first', async () => {
  const one = await open(browser), two = await open(browser);
  await signIn(one, demo.base, invited);
  await signIn(two, demo.base, invited);
  await one.goto(demo.base + '/account/compromised');
  await look(one, 'someone may know my password');
  await one.click('main button:has-text("Sign out everywhere")');
  await one.waitForURL((u) => u.pathname === '/account/compromised/next');
  await look(one, 'what happens next');
  await two.goto(demo.base + '/members');
  assert.match(two.url(), /\/login/);
  await signIn(one, demo.base, invited);
  await one.waitForURL((u) => u.pathname === '/account/password');
  await look(one, 'a new password first');
  await one.goto(demo.base + '/members');
  assert.match(one.url(), /\/account\/password/);
  await one.fill('[name=old]', invited.password);
  invited.password = 'copper violets hum at dusk';
  await one.fill('[name=new]', invited.password);
  await one.fill('[name=again]', invited.password);
  await one.click('main button:has-text("Change password")');
  await one.waitForURL((u) => u.pathname !== '/account/password');
  await one.goto(demo.base + '/members');
  assert.match(one.url(), /\/members$/);
  await mail('helpdesk@example.org', 'Subject:');
  await one.context().close();
  await two.context().close();
});

test('the desk finds, sees why, and sees nothing clinical', async () => {
  const page = await open(browser);
  const desk = demo.person('juniper.fairweather');
  await signIn(page, demo.base, desk);
  await page.goto(demo.base + '/');
  await look(page, 'first page of the desk');
  await page.goto(demo.base + '/plan/accounts');
  await page.fill('main input[type=text], main input[type=search], main input:not([type])', 'aalto');
  await page.click('main button:has-text("Find")');
  await page.click('main a:has-text("Ingrid")');
  await look(page, 'an account');
  assert.equal(await page.locator('main b:text("Aalt")').count(), 0);
  for (const path of ['/plan/worklist', '/plan/agreements/draft', '/plan/organizations']) {
    assert.ok([403, 404].includes((await page.goto(demo.base + path)).status()), path);
  }
  await page.goto(demo.base + '/plan/incidents');
  await look(page, 'incidents');
  await page.context().close();
  const officer = await open(browser);
  const privacy = demo.person('greta.honeychurch');
  await signIn(officer, demo.base, privacy);
  await officer.goto(demo.base + '/plan/incidents');
  await officer.click('main tbody a');
  await look(officer, 'an incident');
  await officer.context().close();
  const security = await open(browser);
  await signIn(security, demo.base, demo.person('silas.kestrel'));
  await security.goto(demo.base + '/plan/incidents/rules');
  await look(security, 'rules');
  await security.context().close();
});

test('provider relations and the plan administrator have their pages', async () => {
  const page = await open(browser);
  await signIn(page, demo.base, demo.person('basil.thornapple'));
  await page.goto(demo.base + '/plan/organizations');
  await look(page, 'organizations');
  await page.context().close();
  const boss = await open(browser);
  await signIn(boss, demo.base, demo.person('octavio.madrigal'));
  for (const path of ['/', '/plan/agreements', '/plan/agreements/draft', '/plan/agreements/draft?show=changes']) {
    await boss.goto(demo.base + path);
    await look(boss, path);
  }
  await boss.context().close();
});

test('an ended access closes with the next request, and leaving is for good', async () => {
  const page = await open(browser);
  await signIn(page, demo.base, invited);
  await page.goto(demo.base + '/members');
  await admin.goto(demo.base + '/office');
  await admin.click('main a:has-text("Ingrid")');
  await look(admin, 'a colleague');
  await admin.fill('main form[action$="/end"] [name$=reason]', 'moved to another office');
  await admin.click('main form[action$="/end"] button[type=submit]');
  await strong(admin, demo.person('winifred.halloran'));
  await admin.waitForLoadState();
  await page.goto(demo.base + '/members');
  assert.match(page.url(), /\/login/);
  await page.goto(demo.base + '/login');
  await page.fill('[name=username]', invited.username);
  await page.fill('[name=password]', invited.password);
  await page.click('main form:not([data-passkey]) button[type=submit]');
  await page.waitForSelector('[role=alert]:visible');
  assert.match(await page.locator('[role=alert]:visible').innerText(), /access has ended/);

  const leaver = demo.person('lucia.peralta');
  await signIn(page, demo.base, leaver);
  await page.goto(demo.base + '/account/leave');
  await page.fill('main [name=word]', 'leave');
  await page.click('main form button[type=submit]');
  await strong(page, leaver);
  await page.waitForLoadState();
  await page.goto(demo.base + '/members');
  assert.match(page.url(), /\/login/);
  await page.context().close();
});

test('an office of its own asks for an account', async () => {
  const page = await open(browser);
  await page.goto(demo.base + '/register');
  await look(page, 'asking for an account');
  await page.click('main form button[type=submit]');
  await page.waitForSelector('[role=alert]:visible');
  await look(page, 'asking for an account, with problems');
  await page.context().close();
});


test('an office’s program works once the agreement is accepted for it, and not a moment longer than it may', async () => {
  const page = await open(browser);
  const p = demo.person('winifred.halloran');
  await signIn(page, demo.base, p);
  await page.goto(demo.base + '/office/programs');
  await look(page, 'programs of an office, none yet');
  await page.fill('main [name=name]', 'Nightly look');
  await page.click('main button:has-text("Register the program")');
  await strong(page, p);
  await page.waitForSelector('text=It is shown this once');
  await look(page, 'a program’s secret');
  const [id, secret] = await page.locator('main dd').allInnerTexts();
  const token = () => fetch(demo.base + '/oauth/token', { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id.trim(), client_secret: secret.trim() }) });
  const early = await (await token()).json();
  const shut = await fetch(demo.base + '/api/whoami', { headers: { Authorization: `Bearer ${early.access_token}` } });
  assert.equal(shut.status, 403, 'a program works before the agreement is accepted');
  assert.match(await shut.text(), /agreement/);
  await page.click('text=Go on to the program');
  await look(page, 'a program that waits for the agreement');
  await page.click('a:has-text("Read and accept it")');
  await look(page, 'the agreement for a program');
  await tick(page, '[name=agree]');
  await page.click('main form button[type=submit]');
  await strong(page, p);
  await page.waitForURL((u) => !u.pathname.endsWith('/agreement'));
  await look(page, 'a program at work');
  const got = await (await token()).json();
  const whoami = () => fetch(demo.base + '/api/whoami', { headers: { Authorization: `Bearer ${got.access_token}` } });
  assert.equal((await (await whoami()).json()).organization, 'Riverside Cardiology');

  const desk = await open(browser);
  const officer = demo.people.find((x) => x.role === 'security officer');
  await signIn(desk, demo.base, officer);
  await desk.goto(demo.base + '/plan/programs');
  await look(desk, 'programs of offices');
  await desk.click('main a:has-text("Nightly look")');
  await look(desk, 'a program, for the plan');
  await desk.fill('main [name=suspend-reason]', 'It asked at odd hours');
  await desk.click('main button:has-text("Suspend the program")');
  await strong(desk, officer);
  await desk.waitForURL((u) => u.searchParams.has('done'));
  assert.equal((await whoami()).status, 401, 'a suspended program still works');
  await desk.context().close();
  await page.context().close();
});
