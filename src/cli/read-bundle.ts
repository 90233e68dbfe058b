import type { Bundle, Resource } from '@medplum/fhirtypes'
import { z } from 'zod'
import { validateFhir } from '../fhir/validate.ts'
import type { Cli } from './cli.ts'
import { inputName, readJsonObject } from './read-input.ts'
import { WrongUse } from './wrong-use.ts'

const resource = z.looseObject({ resourceType: z.string('a resource has a resourceType') })

const bundleShape = z.looseObject({
  resourceType: z.literal('Bundle', 'this is not a Bundle'),
  entry: z.array(
    z.looseObject({
      fullUrl: z.string().optional(),
      resource: resource.optional(),
      request: z.looseObject({ url: z.string(), ifNoneExist: z.string().optional() }).optional()
    }),
    'a Bundle has entries'
  )
})

/** Reads a bundle whose resources are R4; complains with file and path, and never repeats a value. */
export async function readBundle(cli: Cli, file: string): Promise<Bundle> {
  const given = await readJsonObject(cli, file, 'bundle')
  const parsed = bundleShape.safeParse(given)
  if (!parsed.success) {
    const [first] = parsed.error.issues
    const path = (first?.path ?? []).map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
    throw new WrongUse(`${inputName(file)}: Bundle${path}: ${first?.message}. Give a FHIR R4 Bundle with the record's resources.`)
  }
  const bundle = parsed.data as unknown as Bundle
  const problems = problemsOf(bundle)
  if (problems.length === 0) return bundle
  const lines = problems.slice(0, 10).map((problem) => `${inputName(file)}: ${problem}`)
  throw new WrongUse(`${lines.join('\n')}\nCorrect the resources: they must be valid FHIR R4.`)
}

function problemsOf({ entry = [] }: Bundle): string[] {
  const types = new Map(entry.map((one) => [one.fullUrl ?? '', one.resource?.resourceType]))
  return entry.flatMap(({ resource: one }, index) =>
    one === undefined
      ? []
      : validateFhir(one as Resource, (reference) => types.get(reference)).map(
          ({ details, expression }) =>
            `Bundle.entry[${index}]: ${expression?.[0] ?? one.resourceType}: ${details?.text ?? 'invalid'}`
        )
  )
}
