// A portal as an operator starts one: closed at first, then filled from files
// and the command line, and walked by its first people.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Portal, launch, look, open, run, signIn, tick, prove, totp } from './portal.mjs';

const password = 'violet kettle under gravel';
let portal, browser;
const people = {};

// at gives a file in the portal's folder with the given text.
function at(name, text) {
  const path = join(portal.dir, name);
  writeFileSync(path, text);
  return path;
}

function good(...args) {
  const r = run(...args, '--data', portal.data);
  assert.equal(r.code, 0, `${args.join(' ')}: ${r.out}`);
  return r.out;
}

function add(username, name, role, ...more) {
  good('user', 'add', '--role', role, '--name', name, '--email', `${username}@example.org`, '--password-file', join(portal.dir, 'password'), ...more, username);
}

before(async () => {
  portal = await Portal.make();
  browser = await launch();
}, { timeout: 60_000 });

after(async () => {
  await browser?.close();
  await portal?.stop();
  portal?.remove();
});

test('an empty portal is closed and says how to open it', async () => {
  assert.match(portal.said, /nobody can sign in yet/);
  assert.match(portal.said, /hsconnect user add --role "plan administrator"/);
  const page = await open(browser);
  await page.goto(portal.base + '/');
  await look(page, 'empty portal');
  for (const path of ['/members', '/authorizations', '/authorizations/new', '/plan', '/plan/worklist', '/account']) {
    const r = await page.request.get(portal.base + path, { maxRedirects: 0 });
    assert.equal(r.status(), 303, path);
    assert.match(r.headers().location, /^\/login/, path);
  }
  for (const path of ['/members', '/authorizations', '/plan/cases/A26-000000000-0/decide']) {
    const r = await page.request.post(portal.base + path, { form: { number: 'x' }, maxRedirects: 0, headers: { Origin: portal.base, Accept: 'application/json' } });
    assert.equal(r.status(), 401, path);
  }
  assert.equal((await page.request.get(portal.base + '/record/checkpoint')).status(), 200);
  await page.context().close();
});

test('files and people come in while it serves', () => {
  at('password', password + '\n');
  assert.match(good('import', 'organizations', at('organizations.csv', `npi,name,tin,kind,phone,fax,street,city,state,zip,network
1000000012,"Riverside ""Heart"" <i>& Söhne</i>",12-3456789,office,212-555-0100,,1 Main,Springfield,NY,10001,yes
1000000020,Lakeside Rehabilitation,34-5678912,facility,212-555-0101,,1 Main,Springfield,NY,10001,yes
`)), /Loaded 2 rows/);
  assert.match(good('import', 'practitioners', at('practitioners.csv', `npi,first,last,suffix,specialty,taxonomy,organization_npi,phone,network
1000000111,Wei,Li,MD,cardiology,,1000000012,212-555-0111,yes
`)), /Loaded 1 rows/);
  assert.match(good('import', 'members', at('members.csv', `member_number,last,first,birth,plan,from,to
H-77,O'Neil-<b>Nuñez</b>,Zoë 🙂 مريم,1951-03-04,PLUS,2020-01-01,
H-78,Ended,Early,1951-03-04,PLUS,2020-01-01,2021-12-31
`)), /2 members added/);
  add('dana.okafor', 'Dana "D" <u>Okafor</u>', 'requester', '--organization', '1000000012');
  add('vera.viewer', 'Vera Viewer', 'viewer', '--organization', '1000000020');
  add('petra.plan', 'Petra Plan', 'plan administrator');
  add('ruth.director', 'Ruth Director', 'medical director', '--licence-number', 'NY1', '--licence-state', 'NY', '--licence-expires', '2099-12-31', '--specialty', 'cardiology,internal medicine');
  assert.match(good('user', 'list'), /ruth\.director/);
});

async function enter(username) {
  const page = await open(browser);
  people[username] ??= { username, password };
  await signIn(page, portal.base, people[username]);
  const gated = await page.request.post(portal.base + '/members', { form: { number: 'H-77' }, maxRedirects: 0, headers: { Origin: portal.base, Accept: 'application/json' } });
  assert.equal(gated.status(), 403, 'a machine gets past the agreement');
  assert.ok(!(await gated.text()).includes('Nu'), 'and is shown something');
  await tick(page, '[name=agree]');
  await page.click('button:has-text("Accept")');
  await page.waitForURL((u) => !u.pathname.startsWith('/agreement'));
  return page;
}

test('names that look like markup stay names', async () => {
  const page = await enter('dana.okafor');
  await look(page, 'home of a new office');
  await page.goto(portal.base + '/members');
  await page.fill('main [name=number]', 'h-77');
  await page.fill('main [name=birth]', '3/4/1951');
  await page.click('summary:has-text("First visit here?")');
  await tick(page, '[name=visit-seen]');
  await page.click('main button:has-text("Look up")');
  await page.waitForURL(/\/members\/\w+/);
  assert.equal(await page.locator('main h1 b, main i:text("Söhne"), header u').count(), 0, 'a name became markup');
  assert.ok((await page.locator('main').innerText()).includes("O'Neil-<b>Nuñez</b>"));
  assert.ok((await page.locator('main').innerText()).includes('مريم'));
  await look(page, 'member with a hostile name');
  await page.goto(portal.base + '/members');
  await page.fill('main [name=number]', 'H-78');
  await page.fill('main [name=birth]', '3/4/1951');
  await page.click('summary:has-text("First visit here?")');
  await tick(page, '[name=visit-seen]');
  await page.click('main button:has-text("Look up")');
  await page.waitForURL(/\/members\/\w+/);
  assert.match(await page.locator('main').innerText(), /not covered|no coverage|ended/i);
  await look(page, 'member whose coverage ended');
  await page.goto(portal.base + '/authorizations');
  await look(page, 'no requests yet');
  await page.goto(portal.base + '/account');
  await look(page, 'account');
  await page.goto(portal.base + '/help');
  await look(page, 'help');
  assert.equal((await page.goto(portal.base + '/no/such/page')).status(), 404);
  await look(page, 'not found');
  assert.ok([403, 404].includes((await page.goto(portal.base + '/plan/worklist')).status()), 'an office sees the worklist');
  await look(page, 'no place for an office');
  await page.context().close();
});

test('the role says what may be done', async () => {
  const viewer = await enter('vera.viewer');
  assert.ok([403, 404].includes((await viewer.goto(portal.base + '/authorizations/new')).status()), 'a viewer may write a request');
  await look(viewer, 'refused to a viewer');
  await viewer.context().close();
  for (const username of ['petra.plan', 'ruth.director']) {
    const page = await enter(username);
    await page.goto(portal.base + '/');
    await look(page, `first page of ${username}`);
    assert.ok([403, 404].includes((await page.goto(portal.base + '/members')).status()), `${username} has the office's look-up`);
    await page.context().close();
  }
});

// A passkey of the browser's own making, which asks for no PIN that nobody has.
async function authenticator(page, verified) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: verified, automaticPresenceSimulation: true },
  });
}

test('a passkey is the second factor, and then the only thing to sign in with', async () => {
  add('pat.keys', 'Pat Keys', 'requester', '--organization', '1000000012');
  const page = await open(browser);
  await authenticator(page, true);
  await page.goto(portal.base + '/login');
  await page.fill('[name=username]', 'pat.keys');
  await page.fill('[name=password]', password);
  await page.click('main form:not([data-passkey]) button[type=submit]');
  await page.waitForSelector('#factor-key');
  await page.click('button:has-text("Use a passkey of this device")');
  await page.waitForSelector('.hs-recovery');
  assert.equal(await page.locator('.hs-recovery li').count(), 10);
  await page.click('text=I have kept them');
  await page.waitForURL((u) => u.pathname === '/agreement');
  await page.goto(portal.base + '/logout');
  await page.click('main button:has-text("Sign out")');
  await page.goto(portal.base + '/login?next=/agreement');
  await look(page, 'signing in with a passkey');
  await page.click('button:has-text("Sign in with a passkey")');
  await page.waitForURL((u) => u.pathname === '/agreement');
  await page.goto(portal.base + '/logout');
  await page.click('main button:has-text("Sign out")');
  await page.goto(portal.base + '/login');
  await page.fill('[name=username]', 'pat.keys');
  await page.fill('[name=password]', password);
  await page.click('main form:not([data-passkey]) button[type=submit]');
  await page.waitForURL(/\/login\/mfa/);
  await look(page, 'second step with a passkey');
  await page.click('button:has-text("Use a passkey")');
  await page.waitForURL((u) => u.pathname !== '/login/mfa');
  await page.context().close();
});

test('a code counts once, and a wrong one keeps the place', async () => {
  const page = await open(browser);
  const dana = people['dana.okafor'];
  await page.goto(portal.base + '/login');
  await page.fill('[name=username]', dana.username);
  await page.fill('[name=password]', password);
  await page.click('main form:not([data-passkey]) button[type=submit]');
  await page.waitForURL(/\/login\/mfa/);
  for (const wrong of ['000000', totp(dana.second_factor_secret, dana.step), 'AAAA-BBBB-CCCC-DDDD']) {
    await page.fill('main form:not([data-passkey]) [name=code]', wrong);
    await page.click('main form:not([data-passkey]) button[type=submit]');
    await page.waitForSelector('[role=alert]:visible');
    await look(page, 'a code that does not count');
    await page.goto(portal.base + '/members');
    assert.match(page.url(), /\/login\/mfa/);
  }
  await prove(page, dana);
  await page.goto(portal.base + '/members');
  assert.match(page.url(), /\/members/);
  await page.context().close();
});

test('the way back to a forgotten password says nothing about accounts', async () => {
  const page = await open(browser);
  const said = [];
  for (const [username, email] of [['nobody.here', 'nobody@example.org'], ['dana.okafor', 'wrong@example.org']]) {
    await page.goto(portal.base + '/forgot');
    await look(page, 'forgot');
    await page.fill('[name=username]', username);
    await page.fill('[name=email]', email);
    await page.click('main button:has-text("Send the link")');
    await page.waitForSelector('h1:has-text("Look into your mail")');
    said.push(await page.locator('main').innerText());
  }
  assert.equal(said[0], said[1]);
  await look(page, 'link sent');
  assert.equal((await page.goto(portal.base + '/forgot/' + 'A'.repeat(43))).status(), 404);
  await page.context().close();
});

test('no password is in the log or the data, and the record is whole', async () => {
  await portal.stop();
  for (const name of ['hsconnect.db']) assert.ok(!readFileSync(join(portal.data, name)).includes(password));
  for (const secret of [password, 'Nuñez', 'H-77', '1951-03-04']) assert.ok(!portal.said.includes(secret), `the log holds ${secret}`);
  assert.match(good('verify'), /The record is whole/);
});
