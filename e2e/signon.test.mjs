// Signing in through an office's own identity provider, in the browser: staff
// set it up, a person links her account to it, comes in through it, and is
// asked for a factor of the portal's. The provider is a real one.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { Demo, code, launch, look, open, prove, signIn } from './portal.mjs';

const secret = 'a secret that only the two sites know';
const mail = 'tomas.ferreira@riverside.example';
let demo, browser, issuer, server;

// identity runs the provider on a free port. Whoever signs in there is whom
// the sign-in names; its pages are its own, for testing.
async function identity(redirect) {
  server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'portal', client_secret: secret, redirect_uris: [redirect], response_types: ['code'], grant_types: ['authorization_code'] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ sub, email: mail, email_verified: true, name: 'Tomás Ferreira' }) }),
  });
  server.on('request', provider.callback());
}

before(async () => {
  demo = await Demo.make();
  await identity(`${demo.base}/login/provider/answer`);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
  if (demo?.child.exitCode === null && demo.child.signalCode === null) await demo.stop();
  demo?.remove();
});

async function strong(page, person) {
  if (await page.locator('[name=proof_code]').count() === 0) return;
  await page.fill('[name=proof_code]', code(person));
  await page.click('main form:not([data-passkey]) button[type=submit]');
}

// atProvider signs in on the provider's own pages as a person it knows.
async function atProvider(page, who) {
  await page.waitForURL((u) => u.origin === issuer);
  if (await page.locator('[name=login]').count() > 0) {
    await page.fill('[name=login]', who);
    await page.fill('[name=password]', 'anything');
    await page.click('button[type=submit]');
  }
  for (let i = 0; i < 3 && new URL(page.url()).origin === issuer; i++) {
    if (await page.locator('button[type=submit]').count() > 0) await page.click('button[type=submit]');
    await page.waitForLoadState();
  }
  await page.waitForURL((u) => u.origin !== issuer);
}

test('staff set up the sign-in of an office', async () => {
  const page = await open(browser);
  const staff = demo.people.find((p) => p.role === 'provider relations');
  await signIn(page, demo.base, staff);
  await page.goto(demo.base + '/plan/organizations');
  await page.fill('main [name=name]', 'Riverside');
  await page.keyboard.press('Enter');
  await page.click('main a:has-text("Riverside Cardiology")');
  await page.waitForURL((u) => u.pathname.startsWith('/plan/organizations/'));
  await page.goto(page.url().split('?')[0] + '/provider');
  await look(page, 'an office’s identity provider, none yet');
  assert.ok((await page.locator('main').innerText()).includes('/login/provider/answer'), 'the address of the answer is not told');
  await page.fill('main [name=name]', 'Riverside sign-in');
  await page.fill('main [name=issuer]', 'http://localhost:1');
  await page.fill('main [name=client]', 'portal');
  await page.fill('main [name=secret]', secret);
  await page.fill('main [name=domains]', 'riverside.example');
  await page.fill('main [name=reason]', 'Their IT department asked for it');
  await page.click('main form button[type=submit] >> nth=0');
  await strong(page, staff);
  await page.waitForSelector('main >> text=answers as an OpenID provider');
  await look(page, 'an issuer that does not answer');
  assert.equal(await page.inputValue('main [name=domains]'), 'riverside.example', 'what was typed is lost');
  await page.fill('main [name=issuer]', issuer);
  await page.fill('main [name=secret]', secret);
  await page.click('main form button[type=submit] >> nth=0');
  await strong(page, staff);
  await page.waitForURL((u) => u.searchParams.has('done'));
  await look(page, 'an office’s identity provider');
  await page.context().close();
});

test('a person links her account, and comes in through her office', async () => {
  const person = demo.person('tomas.ferreira');
  const page = await open(browser);
  await signIn(page, demo.base, person);
  await page.goto(demo.base + '/account/provider');
  await look(page, 'linking one’s account');
  await page.fill('main [name=address]', mail);
  await page.click('button:has-text("Link my account")');
  await strong(page, person);
  await atProvider(page, 'tomas');
  assert.equal(new URL(page.url()).origin, demo.base);
  assert.match(await page.locator('main').innerText(), /Riverside sign-in/);
  await look(page, 'a linked account');
  await page.context().close();

  const fresh = await open(browser);
  await fresh.goto(demo.base + '/login');
  await fresh.click('a[href^="/login/organization"]');
  await look(fresh, 'sign in with your organization');
  await fresh.fill('main [name=address]', 'nobody@elsewhere.example');
  await fresh.click('main button[type=submit]');
  await fresh.waitForSelector('[role=alert]:visible');
  await look(fresh, 'an organization that has no sign-in here');
  await fresh.fill('main [name=address]', mail);
  await fresh.click('main button[type=submit]');
  await atProvider(fresh, 'tomas');
  await prove(fresh, person); // the provider asked for one factor: the portal's own comes next
  await fresh.goto(demo.base + '/members');
  assert.match(fresh.url(), /\/members$/);

  await fresh.goto(demo.base + '/login/provider/answer?state=forged&code=forged');
  await look(fresh, 'an answer that nobody asked for');
  assert.match(await fresh.locator('main').innerText(), /again/i);
  await fresh.context().close();
});

test('somebody whom the provider knows and the portal does not gets no account', async () => {
  const page = await open(browser);
  await page.goto(demo.base + '/login/organization');
  await page.fill('main [name=address]', mail);
  await page.click('main button[type=submit]');
  await atProvider(page, 'a stranger');
  assert.match(await page.locator('h1').innerText(), /not linked/);
  await look(page, 'known to the provider, not to the portal');
  await page.goto(demo.base + '/members');
  assert.match(page.url(), /\/login/);
  await page.context().close();
});
