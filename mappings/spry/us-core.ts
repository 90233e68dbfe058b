/** A US Core profile by its short name, without a version. */
export const usCore = (name: string): string => `http://hl7.org/fhir/us/core/StructureDefinition/us-core-${name}`
