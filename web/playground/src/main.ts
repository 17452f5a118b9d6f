import { Rapport, RapportError } from '@rapport/client';
import { Analyst } from './analysis.js';
import { AnswersPane } from './answers.js';
import { ConversationPane } from './conversation.js';
import { byId } from './dom.js';

const REGISTRY = import.meta.env.VITE_REGISTRY_URL ?? 'registry/registry.json';

const answers = new AnswersPane(byId('answers'), byId('state'));
const analyst = new Analyst({
  answered(answer, turns) {
    conversation.mark();
    answers.answered(answer, turns);
  },
  refused(error) {
    conversation.mark(error.field);
    answers.refused(error.toRecord());
  },
});
const conversation: ConversationPane = new ConversationPane(byId('conversation'), (turns) => {
  analyst.about(turns);
  if (turns.length === 0) answers.empty();
});

async function start(): Promise<void> {
  try {
    const rapport = await Rapport.load({
      registryUrl: new URL(REGISTRY, document.baseURI),
      onProgress: (progress) => answers.loading(progress),
    });
    answers.loaded(await rapport.status());
    analyst.use(rapport);
    // Coming back online is the moment to look for newer models.
    addEventListener('online', () => void renew(rapport));
  } catch (thrown) {
    answers.failed(RapportError.from(thrown, 'module').toRecord(), () => void start());
  }
}

async function renew(rapport: Rapport): Promise<void> {
  try {
    answers.loaded(await rapport.refresh());
    analyst.use(rapport);
  } catch (thrown) {
    answers.refused(RapportError.from(thrown, 'engine').toRecord());
  }
}

void start();
if (import.meta.env.PROD) void navigator.serviceWorker?.register('./sw.js', { scope: './' });
