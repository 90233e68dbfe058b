/** An HTTP answer of the twin before faults and the network have their say. */
export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Something that happened to a case, as a webhook tells it. */
export interface CaseEvent {
  readonly type: 'patientCase.created' | 'patientCase.updated' | 'patientCase.deleted'
  readonly spry_case_id: string
}

export const success = (data: unknown): Reply => ({ status: 200, body: { code: 2000, data, message: 'Success' } })
export const badRequest = (message: string): Reply => ({ status: 400, body: { code: 4000, message } })
export const unauthorized: Reply = { status: 401, body: { code: 4010, message: 'Unauthorized' } }
export const noSuchCase: Reply = { status: 404, body: { code: 4004, message: 'Case not found' } }
export const failed: Reply = { status: 500, body: { code: 5000, message: 'Internal error' } }
export const noSuchPath: Reply = { status: 404, body: undefined }
