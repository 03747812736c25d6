// The path that must work, walked as its people: from sign-in to a decided and
// verified request.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Demo, launch, look, open, pdf, run, signIn, tick, code } from './portal.mjs';

let demo, browser, clerk, nurse, number;

before(async () => {
  demo = await Demo.make();
  browser = await launch();
}, { timeout: 180_000 });

after(async () => {
  await browser?.close();
  if (demo?.child.exitCode === null && demo.child.signalCode === null) await demo.stop();
  demo?.remove();
});

test('signed out: what this is, and one answer to every wrong sign-in', async () => {
  const page = await open(browser);
  await page.goto(demo.base + '/');
  await look(page, 'signed out');
  const answers = [];
  for (const [username, password] of [['nobody.at.all', 'x'.repeat(20)], ['tomas.ferreira', 'wrong wrong wrong wrong']]) {
    await page.goto(demo.base + '/login');
    await page.fill('[name=username]', username);
    await page.fill('[name=password]', password);
    await page.click('main button[type=submit]');
    await page.waitForSelector('[role=alert]:visible');
    answers.push(await page.locator('[role=alert]:visible').innerText());
  }
  assert.equal(answers[0], answers[1]);
  await look(page, 'sign-in refused');
  for (const path of ['/members', '/authorizations', '/plan/worklist', '/account']) {
    await page.goto(demo.base + path);
    assert.match(page.url(), /\/login/, path);
  }
  await page.context().close();
});

test('nothing opens before the agreement is accepted', async () => {
  clerk = await open(browser);
  await signIn(clerk, demo.base, demo.person('dana.okafor'));
  assert.match(clerk.url(), /\/agreement/);
  for (const path of ['/', '/members', '/authorizations', '/authorizations/new']) {
    await clerk.goto(demo.base + path);
    assert.match(clerk.url(), /\/agreement/, path);
  }
  await look(clerk, 'agreement');
  assert.equal(await clerk.locator('[name=agree]').isChecked(), false);
  await tick(clerk, '[name=agree]');
  await clerk.click('button:has-text("Accept")');
  await clerk.waitForURL((u) => !u.pathname.startsWith('/agreement'));
  await clerk.goto(demo.base + '/');
  await look(clerk, 'home');
});

test('one exact member or a polite nothing', async () => {
  await clerk.goto(demo.base + '/members');
  await look(clerk, 'look-up form');
  await clerk.fill('main [name=number]', 'SHA0000001');
  await clerk.click('main button:has-text("Look up")');
  await clerk.waitForSelector('text=a number alone is not enough');
  await look(clerk, 'half a key');
  await clerk.fill('main [name=birth]', '3/4/1951');
  await clerk.click('main button:has-text("Look up")');
  await clerk.waitForSelector('text=No member matches');
  await look(clerk, 'no such member');
  const covered = demo.person('dana.okafor').members.find((m) => m.what === 'covered');
  await clerk.fill('main [name=number]', '');
  await clerk.fill('main [name=last]', covered.last_name);
  await clerk.fill('main [name=birth]', '1/1/1911');
  await clerk.click('main button:has-text("Look up")');
  await clerk.waitForSelector('text=No member matches');
  const none = await clerk.locator('main').innerText();
  await clerk.fill('main [name=birth]', covered.birth_date);
  await clerk.click('main button:has-text("Look up")');
  await clerk.waitForLoadState();
  assert.equal(await clerk.locator('main').innerText(), none, 'a member of another office is told from nobody');
  await tick(clerk, '[name=visit-seen]');
  await clerk.click('main button:has-text("Look up")');
  await clerk.waitForURL(/\/members\/\w+/);
  assert.ok(!clerk.url().includes(covered.member_id) && !clerk.url().includes(covered.last_name), 'the address names the member');
  assert.ok((await clerk.locator('main').innerText()).includes(covered.member_id));
  await look(clerk, 'member');
});

test('a clinic\'s day is answered in place, line by line', async () => {
  const member = clerk.url();
  const [covered, ended, one, twin] = demo.person('dana.okafor').members;
  await clerk.goto(demo.base + '/members/day');
  await look(clerk, 'several members');
  await clerk.click('main button:has-text("Look up")');
  await clerk.waitForSelector('text=one member a line');
  await look(clerk, 'several members, with nothing');
  await clerk.fill('[name=members]', [`${covered.medicare_number}  ${covered.birth_date}`, `${ended.last_name}, ${ended.first_name}; ${ended.birth_date}`, `${one.last_name}, ${one.birth_date}`,
    `${twin.member_id}, ${twin.birth_date}`, 'nobody, 2/30/1950'].join('\n'));
  await tick(clerk, '[name=visit-seen]');
  await clerk.click('main button:has-text("Look up")');
  await clerk.waitForSelector('text=3 lines are answered, of 5');
  const text = await clerk.locator('main').innerText();
  assert.ok(text.includes(covered.member_id) && text.includes(ended.member_id) && text.includes(twin.first_name) && !text.includes(one.first_name + ' '), text);
  await look(clerk, 'the answers of a day');
  assert.equal(await clerk.inputValue('[name=members]'), `${one.last_name}, ${one.birth_date}\nnobody, 2/30/1950`);
  await clerk.goto(member);
});

test('typing is kept through autosave, reload and a killed server', async () => {
  await clerk.click('main button:has-text("New request")');
  await clerk.waitForURL(/draft=/);
  await look(clerk, 'new request');
  await clerk.fill('[name=notes]', 'Half a sentence <b>with</b> مرحبا and 😀');
  await clerk.waitForFunction(() => /Saved .*draft, not submitted/.test(document.body.innerText) && document.querySelector('[name=version]').value !== '1');
  const draft = clerk.url();
  await demo.stop('SIGKILL');
  await demo.start();
  await clerk.goto(draft);
  assert.equal(await clerk.inputValue('[name=notes]'), 'Half a sentence <b>with</b> مرحبا and 😀');
});

async function fill(page) {
  await tick(page, '[name=kind][value="outpatient service"]');
  await tick(page, '[name=urgency][value=expedited]');
  await page.fill('[name=statement]', 'Waiting a week could cost the patient the use of the arm.');
  await page.fill('[name=statement-by]', 'Dr. Elias Stromberg');
  await page.selectOption('[name=requesting]', { index: 1 });
  await page.fill('[name=servicing]', await page.locator('[name=requesting] option').nth(1).getAttribute('value'));
  await page.fill('[name=diagnoses]', 'I25.10');
  await page.fill('[name=contact-name]', 'Dana Okafor');
  await page.fill('[name=contact-phone]', '555 010 0123');
  const day = new Date(Date.now() + 6 * 86400_000);
  const typed = `${day.getMonth() + 1}/${day.getDate()}/${day.getFullYear()}`;
  for (const [n, code] of [[1, 'E1390'], [2, 'E0601']]) {
    if (await page.locator(`[name=line-${n}-code]`).count() === 0) {
      await page.click('button:has-text("Add line")');
      await page.waitForSelector(`[name=line-${n}-code]`);
    }
    await page.fill(`[name=line-${n}-code]`, code);
    await page.fill(`[name=line-${n}-units]`, String(n + 1));
    await page.fill(`[name=line-${n}-from]`, typed);
    await page.fill(`[name=line-${n}-to]`, typed);
    await page.selectOption(`[name=line-${n}-place]`, '12');
  }
}

test('every problem is said beside its field, and a false PDF is refused', async () => {
  await clerk.click('button:has-text("Submit request")');
  await clerk.waitForSelector('text=things need your attention');
  await look(clerk, 'request with problems');
  await fill(clerk);
  await clerk.setInputFiles('[name=documents]', { name: 'scan.pdf', mimeType: 'application/pdf', buffer: Buffer.from('this is text') });
  await clerk.click('button:has-text("Add documents")');
  await clerk.waitForSelector('[role=alert]');
  assert.equal(await clerk.inputValue('[name=line-2-code]'), 'E0601', 'what was typed was lost');
  await clerk.setInputFiles('[name=documents]', { name: '../../clinic note.pdf', mimeType: 'application/pdf', buffer: pdf('clinic note') });
  await clerk.click('button:has-text("Add documents")');
  await clerk.waitForSelector('main a[href^="/documents/"]');
  await look(clerk, 'request with a document');
});

test('submitted once although pressed twice, with a receipt', async () => {
  const counting = await clerk.context().newPage();
  await counting.goto(demo.base + '/authorizations?show=open');
  const open0 = await counting.locator('tbody tr').count();
  await counting.close();
  await clerk.locator('button:has-text("Submit request")').dblclick();
  await clerk.waitForURL(/\/receipt/);
  number = clerk.url().match(/A\d\d-\d{9}-\d/)[0];
  const text = await clerk.locator('main').innerText();
  assert.match(text, new RegExp(number));
  assert.match(text, /422\.572/);
  await look(clerk, 'receipt');
  await clerk.goBack();
  await clerk.goto(demo.base + '/authorizations?show=open');
  assert.equal(await clerk.locator(`tr:has-text("${number}")`).count(), 1);
  assert.equal(await clerk.locator('tbody tr').count(), open0 + 1, 'two presses made more than one request');
  await look(clerk, 'list');
  await clerk.goto(demo.base + '/authorizations/' + number);
  assert.match(await clerk.locator('main').innerText(), /Submitted/);
  await look(clerk, 'case');
});

test('another office does not find it', async () => {
  const other = await open(browser);
  await signIn(other, demo.base, demo.person('lucia.peralta'));
  const real = await other.goto(demo.base + '/authorizations/' + number);
  const none = await other.goto(demo.base + '/authorizations/A26-000000000-0');
  assert.equal(real.status(), 404);
  assert.equal(none.status(), 404);
  await other.context().close();
});

test('the nurse opens it, reads the document and asks; the clerk answers', async () => {
  nurse = await open(browser);
  await signIn(nurse, demo.base, demo.person('marisol.vega'));
  await nurse.goto(demo.base + '/plan/worklist');
  await look(nurse, 'worklist');
  await nurse.goto(demo.base + '/plan/cases/' + number);
  await look(nurse, 'review');
  assert.equal(await nurse.locator('[value=deny]').count(), 0, 'a nurse is offered to deny');
  const doc = await nurse.locator('main a[href^="/documents/"]').first().getAttribute('href');
  const bytes = await nurse.request.get(demo.base + doc);
  assert.equal(bytes.status(), 200);
  assert.match((await bytes.body()).toString('latin1'), /clinic note/);
  await nurse.fill('[name=body]', 'Which medication was tried, and for how long?');
  await nurse.click('button:has-text("Ask the office")');
  await nurse.waitForSelector('text=Waiting for the office');
  await nurse.fill('[name=note]', 'INTERNAL: second request this year');
  await nurse.click('button:has-text("Keep note")');
  await nurse.waitForSelector('text=INTERNAL: second request');

  await clerk.goto(demo.base + '/');
  assert.ok((await clerk.locator('main').innerText()).includes(number), 'the question is not on the home page');
  await clerk.goto(demo.base + '/authorizations/' + number);
  const seen = await clerk.locator('main').innerText();
  assert.match(seen, /Opened by the plan/);
  assert.match(seen, /Waiting for you/);
  assert.ok(!(await clerk.content()).includes('INTERNAL'), 'an internal note reached the office');
  await clerk.fill('[name=body]', 'Metoprolol, for six weeks.');
  await clerk.click('button:has-text("Send answer")');
  await clerk.waitForSelector('text=Metoprolol, for six weeks.');
  assert.match(await clerk.locator('main').innerText(), /Waiting for the plan/);
});

test('a nurse cannot deny, not even by a forged form, but refers', async () => {
  await nurse.goto(demo.base + '/plan/cases/' + number);
  const forged = await nurse.request.post(`${demo.base}/plan/cases/${number}/decide`, {
    headers: { Origin: demo.base }, maxRedirects: 0,
    form: {
      version: await nurse.inputValue('form[action$="/decide"] [name=version]'), attest: 'yes', 'line-1-action': 'approve', 'line-2-action': 'deny',
      'line-2-reason': 'criteria', 'line-2-criterion': 'NCD 240.4', 'line-2-narrative': 'The sleep study of October names an index of three only.',
    },
  });
  assert.equal(forged.status(), 403);
  await nurse.fill('[name=reason]', 'The criterion is not met for the second line.');
  await nurse.click('button:has-text("Refer request")');
  await nurse.waitForURL(new RegExp(`/plan/cases/${number}`));
  await nurse.waitForSelector('text=The criterion is not met for the second line.');
  await look(nurse, 'referred case');
  await clerk.goto(demo.base + '/authorizations/' + number);
  assert.ok(!(await clerk.content()).includes('criterion is not met'), 'the reason for a referral reached the office');
});

test('the physician denies a line with reason, criterion and own words; a second one comes too late', async () => {
  const fitting = [];
  for (const p of demo.people.filter((x) => x.role === 'medical director')) {
    const page = await open(browser);
    await signIn(page, demo.base, p);
    await page.goto(demo.base + '/plan/cases/' + number);
    if (await page.locator('[name=line-2-action][value=deny]').count() > 0) fitting.push(page);
    else await page.context().close();
    if (fitting.length === 2) break;
  }
  assert.equal(fitting.length, 2, 'two physicians of the demo fit');
  const [doctor, late] = fitting;

  await tick(doctor, '[name=line-1-action][value=approve]');
  await tick(doctor, '[name=line-2-action][value=deny]');
  const openDetails = () => doctor.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
  await openDetails();
  await doctor.selectOption('[name=line-2-reason]', { index: 1 });
  await doctor.fill('[name=line-2-criterion]', 'NCD 240.4, section B');
  await doctor.fill('[name=line-2-narrative]', 'Too short.');
  await doctor.click('button:has-text("Sign decision")');
  await doctor.waitForSelector('[role=alert]');
  await look(doctor, 'decision refused');
  await openDetails();
  assert.equal(await doctor.inputValue('[name=line-2-criterion]'), 'NCD 240.4, section B');
  await doctor.fill('[name=line-2-narrative]', 'The sleep study of October names an index of three, below the five that the criterion asks for.');
  if (!await doctor.locator('[name=attest]').isChecked()) await tick(doctor, '[name=attest]');
  await doctor.click('button:has-text("Sign decision")');
  await doctor.waitForSelector('text=Partly approved');
  await look(doctor, 'decided case');

  await tick(late, '[name=line-1-action][value=approve]');
  await tick(late, '[name=line-2-action][value=approve]');
  if (!await late.locator('[name=attest]').isChecked()) await tick(late, '[name=attest]');
  const [answer] = await Promise.all([
    late.waitForResponse((r) => r.url().endsWith('/decide')), late.click('button:has-text("Sign decision")')]);
  assert.equal(answer.status(), 409);
  await late.waitForLoadState();
  await look(late, 'too late');
});

test('the office sees the decision by line, the same everywhere', async () => {
  await clerk.goto(demo.base + '/');
  const home = await clerk.locator('main').innerText();
  assert.ok(home.includes(number) && home.includes('Denied'), 'the home page does not tell the decision by line');
  await look(clerk, 'home with a decision');
  await clerk.goto(demo.base + '/authorizations?show=decided');
  const row = await clerk.locator(`tr:has-text("${number}")`).innerText();
  assert.match(row, /Partly approved/);
  await clerk.goto(demo.base + '/authorizations/' + number);
  const detail = await clerk.locator('main').innerText();
  assert.match(detail, /Partly approved/);
  assert.match(detail, /NCD 240\.4, section B/);
  assert.match(detail, /index of three/);
  await clerk.emulateMedia({ media: 'print' });
  const paper = await clerk.locator('body').innerText();
  assert.match(paper, /not a printed copy/);
  assert.match(paper, /Print the one copy/);
  assert.ok(!paper.includes('Partly approved') && !paper.includes('index of three'), 'the browser prints the request itself');
  await clerk.emulateMedia({ media: 'screen' });
});

test('the keyboard alone signs in and looks up', async () => {
  const page = await open(browser);
  const p = demo.person('tomas.ferreira');
  await page.goto(demo.base + '/login');
  await page.locator('[name=username]').focus();
  await page.keyboard.type(p.username);
  await page.keyboard.press('Tab');
  await page.keyboard.type(p.password);
  await page.keyboard.press('Enter');
  await page.waitForURL((u) => u.pathname === '/login/mfa');
  await page.keyboard.type(code(p)); // the field has the focus
  await page.keyboard.press('Enter');
  await page.waitForURL((u) => u.pathname !== '/login/mfa');
  await page.goto(demo.base + '/members');
  await page.locator('main [name=number]').focus();
  await page.keyboard.type(demo.people[0].members[0].member_id);
  for (let i = 0; i < 3; i++) await page.keyboard.press('Tab'); // last name, first name, date of birth
  await page.keyboard.type(demo.people[0].members[0].birth_date);
  for (let i = 0; i < 2; i++) await page.keyboard.press('Tab'); // what it is for, first visit here?
  await page.keyboard.press('Enter');
  for (let i = 0; i < 3; i++) await page.keyboard.press('Tab'); // date, note, statement
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/members\/\w+/);
  await page.context().close();
});

test('without script: look up, keep a draft, submit', async () => {
  const page = await open(browser, { javaScriptEnabled: false });
  await signIn(page, demo.base, demo.person('tomas.ferreira'));
  await page.goto(demo.base + '/members');
  await page.fill('main [name=number]', demo.people[0].members[0].member_id);
  await page.fill('main [name=birth]', demo.people[0].members[0].birth_date);
  await page.click('summary:has-text("First visit here?")');
  await tick(page, '[name=visit-seen]');
  await page.click('main button:has-text("Look up")');
  await page.click('main button:has-text("New request")');
  await page.fill('[name=notes]', 'kept without script');
  await page.click('button:has-text("Save draft")');
  await page.waitForURL(/draft=/);
  assert.equal(await page.inputValue('[name=notes]'), 'kept without script');
  await fill(page);
  await page.click('button:has-text("Submit request")');
  await page.waitForURL(/\/receipt/);
  await page.context().close();
});

test('every sign-in that the start prints works, and leads where it says', async () => {
  const seen = new Set();
  for (const p of demo.people.filter((x) => x.accepted)) {
    const page = await open(browser);
    await signIn(page, demo.base, p);
    const first = await page.goto(demo.base + p.first_address);
    assert.equal(first.status(), 200, `${p.username} at ${p.first_address}`);
    if (!seen.has(p.role)) await look(page, `first page of the ${p.role}`);
    for (const r of seen.has(p.role) ? [] : p.requests ?? []) {
      const answer = await page.request.get(demo.base + (p.first_address.startsWith('/plan') ? '/plan/cases/' : '/authorizations/') + r.number);
      assert.equal(answer.status(), r.what.includes('not found') ? 404 : 200, `${p.username}: ${r.what}`);
    }
    seen.add(p.role);
    await page.context().close();
  }
});

function files(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(join(dir, e.name)) : [join(dir, e.name)]));
}

test('the record proves itself, and one changed byte is named', async () => {
  await demo.stop();
  const good = run('verify', '--data', demo.dir);
  assert.equal(good.code, 0, good.out);
  const zip = join(demo.dir, 'record.zip');
  const made = run('record', 'export', number, '--data', demo.dir, '--out', zip);
  assert.equal(made.code, 0, made.out);
  const checked = run('record', 'check', zip, '--key', join(demo.dir, 'record.key.pub'));
  assert.equal(checked.code, 0, checked.out);
  const bytes = readFileSync(zip);
  bytes[Math.floor(bytes.length / 2)] ^= 1;
  writeFileSync(zip, bytes);
  assert.equal(run('record', 'check', zip, '--key', join(demo.dir, 'record.key.pub')).code, 1);

  const blob = files(join(demo.dir, 'blobs')).find((f) => statSync(f).size > 100);
  const kept = readFileSync(blob);
  const bad = Buffer.from(kept);
  bad[50] ^= 1;
  writeFileSync(blob, bad);
  const named = run('verify', '--data', demo.dir);
  assert.equal(named.code, 1);
  assert.ok(named.out.includes(blob.split('/').pop()), named.out);
  writeFileSync(blob, kept);
  assert.equal(run('verify', '--data', demo.dir).code, 0);
});
