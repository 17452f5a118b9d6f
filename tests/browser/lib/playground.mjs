// What a person sees in the playground.

/** Resolves when the four answers stand on the page. */
export async function answered(page) {
  await page.waitForSelector('#answer-direction .bar');
}

/** Resolves with the timing line once it differs from `before`: each new answer writes it anew. */
export async function nextAnswer(page, change) {
  await page.evaluate(() => {
    window.answerCount = 0;
    window.answerObserver?.disconnect();
    window.answerObserver = new MutationObserver(() => {
      window.answerCount += 1;
    });
    window.answerObserver.observe(document.querySelector('.timing'), { childList: true });
  });
  await change();
  await page.waitForFunction(() => window.answerCount > 0);
}

/** The answers as text and numbers. */
export function readAnswers(page) {
  return page.evaluate(() => {
    const text = (selector) => document.querySelector(selector)?.textContent ?? '';
    const headline = (id) => document.querySelector(`#answer-${id} .headline`)?.firstChild?.textContent ?? '';
    const bars = (id) =>
      [...document.querySelectorAll(`#answer-${id} .bar`)].map((bar) => ({
        name: bar.querySelector('.bar-name').textContent,
        shown: bar.querySelector('.bar-value').textContent,
        share: Number.parseFloat(bar.querySelector('.bar-fill').style.inlineSize) / 100,
        likeliest: bar.classList.contains('top'),
      }));
    return {
      response: { top: headline('response'), bars: bars('response') },
      stage: { top: headline('stage'), bars: bars('stage') },
      suggestion: { line: text('#answer-suggestion .line p'), reason: text('#answer-suggestion .reason') },
      direction: { next: text('#answer-direction .step.next'), bars: bars('direction') },
      conversion: document.querySelector('#answer-conversion')
        ? {
            shown: headline('conversion'),
            interval: text('#answer-conversion .from'),
            points: document.querySelectorAll('#answer-conversion .point').length,
            readout: text('#answer-conversion .readout'),
            effects: [...document.querySelectorAll('#answer-conversion .effect-points')].map((e) => e.textContent),
          }
        : undefined,
      signals: document.querySelector('#answer-signals')
        ? [...document.querySelectorAll('#answer-signals .effect')].map((row) => ({
            text: row.querySelector('.effect-text').textContent,
            strength: row.querySelector('.effect-points').textContent,
          }))
        : undefined,
      timing: text('.timing'),
      state: text('#state'),
      notice: document.querySelector('.notice').hidden ? '' : text('.notice'),
    };
  });
}
