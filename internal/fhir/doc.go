// Package fhir reads and writes the FHIR R4 (4.0.1) types that the portal
// uses, in JSON. It promises that
//
//   - what it reads is kept whole or refused: an element that it does not know,
//     a name twice, a null, and an empty object or list are errors, so that
//     nothing is lost between reading and writing;
//   - what it writes, it reads back the same;
//   - Check says every rule of the base resource that is broken, and
//     CheckPatientRead and CheckDisclosureSource those of the two profiles of
//     IHE Basic Audit Log Patterns 1.1.4 that the portal answers to (G-13, G-14).
//
// It has no terminology server: of codes it checks those that the profiles fix
// and those that the base resource binds as required.
package fhir
