/** An object by name and length: all that a plan needs of it. */

export interface SurveyedObject {
  readonly bucket: string
  readonly key: string
  /** Bytes. */
  readonly size: number
}
