// The privacy officer in the browser: what waits, a member's requests, the
// accounting with its files, the ledger, and the weekly sign-off.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Demo, code, launch, look, open, signIn, tick } from './portal.mjs';

let demo, browser, page;

before(async () => {
  demo = await Demo.make();
  browser = await launch();
  page = await open(browser);
  await signIn(page, demo.base, demo.person('greta.honeychurch'));
});
after(async () => {
  await browser?.close();
  if (demo?.child.exitCode === null && demo.child.signalCode === null) await demo.stop();
  demo?.remove();
});

// strong answers the page that asks again, where it is shown.
async function strong() {
  if (await page.locator('[name=proof_code]').count() === 0) return;
  await page.fill('[name=proof_code]', code(demo.person('greta.honeychurch')));
  await page.click('main form:not([data-passkey]) button[type=submit]');
}

const save = async (link) => {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click(link)]);
  return readFileSync(await file.path());
};

test('what waits stands on the desk, and what is late says so', async () => {
  await page.goto(demo.base + '/plan/privacy');
  await look(page, 'desk');
  const text = await page.innerText('main');
  assert.match(text, /access to the record/);
  assert.match(text, /1 is overdue/);
  assert.match(text, /late/);
  assert.match(text, /held back for County prosecutor/);
});

test('an accounting: by law, everything, PDF and FHIR', async () => {
  await page.click('main a:has-text("accounting of disclosures")');
  await look(page, 'request for an accounting');
  assert.match(await page.innerText('main'), /Free: the first within 12 months/);
  await page.click('a:has-text("Open the accounting")');
  await look(page, 'accounting');
  const text = await page.innerText('main');
  assert.match(text, /Ohio Department of Health/);
  assert.match(text, /sent to the wrong office/);
  assert.doesNotMatch(text, /Almanac Life Insurance/); // by authorization: exempt
  assert.doesNotMatch(text, /Dates of service of one provider/); // held back
  assert.match(text, /1 line is held back/);
  const pdf = await save('a:has-text("Save the PDF")');
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
  const lines = (await save('a:has-text("one event a line")')).toString().trim().split('\n').map((l) => JSON.parse(l));
  assert.ok(lines.length >= 2 && lines.every((l) => l.resourceType === 'AuditEvent' && l.type.code === '110106'));
  await page.click('a:has-text("Everything shown")');
  await look(page, 'everything shown');
  const all = (await save('a:has-text("one event a line")')).toString().trim().split('\n').map((l) => JSON.parse(l));
  assert.ok(all.some((l) => l.type.code === 'rest' && l.meta.profile[0].endsWith('PatientRead')));
});

test('an amendment that was denied takes its statement and rebuttal', async () => {
  await page.goto(demo.base + '/plan/privacy/requests?show=answered');
  await look(page, 'answered requests');
  await page.click('main a:has-text("Amendment of the record")');
  await look(page, 'denied amendment');
  await page.fill('[name=rebuttal]', 'The note is kept as the office’s own statement.');
  await page.click('button:has-text("Append the rebuttal")');
  await page.waitForURL((u) => u.searchParams.get('done') === 'rebut');
  assert.match(await page.innerText('main'), /The note is kept as the office’s own statement/);
});

test('a request with a mistake comes back with everything typed', async () => {
  await page.goto(demo.base + '/plan/privacy/requests/new');
  await look(page, 'new request');
  await page.fill('main [name=asked]', 'Typed before the mistake');
  await page.click('button:has-text("Enter the request")');
  await look(page, 'new request with mistakes');
  assert.equal(await page.inputValue('main [name=asked]'), 'Typed before the mistake');
  assert.match(await page.innerText('main'), /Type the member ID/);
});

test('the ledger answers by person, and reading it is a line of it', async () => {
  await page.goto(demo.base + '/plan/privacy/ledger');
  await look(page, 'ledger');
  await page.fill('main [name=text]', 'leopold.stein');
  await page.click('button:has-text("Search"):not([disabled]) >> nth=-1');
  await look(page, 'ledger of a person');
  assert.match(await page.innerText('main'), /Everything that Dr. Leopold Stein opened/);
  await page.click('main table td a[href*="member="] >> nth=0');
  await look(page, 'ledger of a member');
  assert.match(await page.innerText('main'), /Who was shown what about/);
  await page.goto(demo.base + '/plan/privacy/ledger');
  assert.match(await page.innerText('main'), /Who was shown what: name, birth date/);
});

test('a disclosure outside the portal, and the line held back', async () => {
  await page.goto(demo.base + '/plan/privacy/outside/new');
  await look(page, 'new disclosure outside');
  await page.goto(demo.base + '/plan/privacy');
  await page.click('main a:has-text("held back for")');
  await look(page, 'outside the portal');
  await page.click('main table a >> nth=0');
  await look(page, 'one line outside');
});

test('the week is signed off', async () => {
  await page.goto(demo.base + '/plan/privacy');
  await page.fill('main [name=note]', 'Looked at the list. The late one is with the archive.');
  await page.click('button:has-text("Sign off the week")');
  await strong();
  await page.waitForURL((u) => u.searchParams.get('done') === 'signed');
  await look(page, 'desk after the sign-off');
  assert.match(await page.innerText('main'), /The week is signed off/);
});
