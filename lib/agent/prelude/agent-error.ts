import { ErrorClass } from './captured.ts'

/** The agent itself is at fault, in a way that has a code of its own. */
export class AgentError extends ErrorClass {
  override readonly name = 'AgentError'
  readonly code: 'AGENT_INVALID' | 'AGENT_RESULT'

  constructor(code: AgentError['code'], message: string) {
    super(message)
    this.code = code
  }
}
