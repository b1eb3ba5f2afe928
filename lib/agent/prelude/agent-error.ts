import { ErrorClass } from './captured.ts'

/** A mistake of the agent that has its own code. */
export class AgentError extends ErrorClass {
  override readonly name = 'AgentError'
  readonly code: 'AGENT_INVALID' | 'AGENT_RESULT'

  constructor(code: AgentError['code'], message: string) {
    super(message)
    this.code = code
  }
}
