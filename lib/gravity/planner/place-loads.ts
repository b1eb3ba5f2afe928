import type { MergeOption, PlacementModel } from './model.ts'

/** The load of each place at a node of the search. */
export class PlaceLoads {
  readonly #model: PlacementModel
  readonly #merge: MergeOption
  readonly #placeCount: number
  /** `[source · places + place]` */
  readonly #byWay: Float64Array
  readonly #bytes: Float64Array
  readonly #results: Float64Array
  readonly #users: Int32Array

  constructor(model: PlacementModel, merge: MergeOption) {
    this.#model = model
    this.#merge = merge
    this.#placeCount = model.places.length
    this.#byWay = new Float64Array(model.sourceCount * this.#placeCount)
    this.#bytes = new Float64Array(this.#placeCount)
    this.#results = new Float64Array(this.#placeCount)
    this.#users = new Int32Array(this.#placeCount)
  }

  isUsed(place: number): boolean {
    return this.#users[place]! > 0
  }

  /** Adds a group to a place. @returns a function that restores the former sums, which subtraction of floats would not */
  put(group: number, place: number): () => void {
    const way = this.#model.sourceOf[group]! * this.#placeCount + place
    const [byWay, bytes, results] = [this.#byWay[way]!, this.#bytes[place]!, this.#results[place]!]
    this.#byWay[way] = byWay + this.#model.bytes[group]!
    this.#bytes[place] = bytes + this.#model.bytes[group]!
    this.#results[place] = results + this.#model.results[group]!
    this.#users[place]!++
    return () => {
      this.#byWay[way] = byWay
      this.#bytes[place] = bytes
      this.#results[place] = results
      this.#users[place]!--
    }
  }

  /** Seconds until the place has processed its groups and one more. */
  workWith(group: number, place: number): number {
    const bytes = this.#model.bytes[group]!
    const source = this.#model.sourceOf[group]!
    const way = this.#waySeconds(source, place, bytes)
    return this.#model.openSeconds[place]! + Math.max(way, this.#placeSeconds(place, bytes))
  }

  /** Seconds for sending the results of the place's groups and of one more. */
  resultsWith(group: number, place: number): number {
    return this.#resultSeconds(place, this.#model.results[group]!)
  }

  /** Whether the place could also process all of `rest` without making the plan slower. */
  hasRoomFor(rest: Rest, place: number, workSeconds: number, resultSeconds: number): boolean {
    if (this.#resultSeconds(place, rest.results[place]!) > resultSeconds) return false
    const left = workSeconds - this.#model.openSeconds[place]!
    if (this.#placeSeconds(place, rest.bytes[place]!) > left) return false
    for (let source = 0; source < this.#model.sourceCount; source++) {
      if (this.#waySeconds(source, place, rest.byWay[source * this.#placeCount + place]!) > left) return false
    }
    return true
  }

  #waySeconds(source: number, place: number, more: number): number {
    const way = this.#model.link[source]![place]!
    return way.seconds + way.secondsPerByte * (this.#byWay[source * this.#placeCount + place]! + more)
  }

  #placeSeconds(place: number, more: number): number {
    const total = this.#bytes[place]! + more
    let longest = 0
    for (const line of this.#model.placeLines[place]!)
      longest = Math.max(longest, line.seconds + line.secondsPerByte * total)
    return longest
  }

  #resultSeconds(place: number, more: number): number {
    if (place === this.#merge.place) return 0
    const way = this.#merge.resultLink[place]!
    return way.seconds + way.secondsPerByte * (this.#results[place]! + more)
  }
}

/** The most that the groups that are not placed yet could add to each place. */
export interface Rest {
  /** `[source · places + place]` */
  readonly byWay: Float64Array
  /** `[place]` */
  readonly bytes: Float64Array
  readonly results: Float64Array
}

/** `[k]`: the most that the groups from the k-th on could add. */
export function restsOf(
  model: PlacementModel,
  order: readonly number[],
  choices: readonly (readonly { readonly place: number }[])[],
): Rest[] {
  const placeCount = model.places.length
  const none: Rest = {
    byWay: new Float64Array(model.sourceCount * placeCount),
    bytes: new Float64Array(placeCount),
    results: new Float64Array(placeCount),
  }
  const rests = [none]
  for (const group of [...order].reverse()) {
    const before = rests[0]!
    const rest = { byWay: before.byWay.slice(), bytes: before.bytes.slice(), results: before.results.slice() }
    for (const { place } of choices[group]!) {
      rest.byWay[model.sourceOf[group]! * placeCount + place]! += model.bytes[group]!
      rest.bytes[place]! += model.bytes[group]!
      rest.results[place]! += model.results[group]!
    }
    rests.unshift(rest)
  }
  return rests
}
