/** The name and the size of an object, which is all that a plan needs. */
export interface SurveyedObject {
  readonly bucket: string
  readonly key: string
  /** Bytes. */
  readonly size: number
}
