"""How answers to word problems end, in people's and models' words, and the worked solutions that stand before them."""

import json
import os
import re
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

# What stands behind the working. {n}: the answer; {less}: one less than it.
CLOSINGS = {
    "display maths": "$${n}$$",
    "display maths with its sum": "$${less} + 1 = {n}$$",
    "display maths with LaTeX signs": "$${n} \\times 1 = {n}$$",
    "brackets of LaTeX": "\\[ {n} \\]",
    "brackets of LaTeX with a sum, on lines of their own": "\\[\n{less} + 1 = {n}\n\\]",
    "inline maths": "So it is \\({n}\\).",
    "a box": "\\boxed{{{n}}}",
    "a box in a sentence": "So the result is $\\boxed{{{n}}}$.",
    "a box with words": "\\[\\boxed{{\\text{{{n} dollars}}}}\\]",
    "a box with the number in text": "\\boxed{{\\text{{{n}}} \\text{{ apples}}}}",
    "a box in a box": "\\boxed{{\\boxed{{{n}}}}}",
    "boxed twice": "\\boxed{{{n}}}\n\nThe final answer is \\boxed{{{n}}}",
    "two boxes, the last counts": "First \\boxed{{{less}}}, then \\boxed{{{n}}}",
    "bold": "**{n}**",
    "bold in a sentence": "That makes **{n}** of them.",
    "bold beside another number": "She ends up with **{n}** of them, 1 more than before.",
    "a bold sentence": "**That makes {n} in all.**",
    "a bold heading": "**Final Answer:** {n}",
    "a bold heading on a line of its own": "### **Final answer**\n\n{n} pieces",
    "italics": "It comes to *{n}*.",
    "hashes": "#### {n}",
    "hashes with a unit": "#### {n} dollars",
    "a letter": "A: {n}",
    "a letter behind another answer": "So far the answer is {less}.\nA: {n}",
    "a tag": "<answer>{n}</answer>",
    "JSON": '{{"answer": {n}, "certain": true}}',
    "the answer is": "The answer is {n}",
    "hashes, then more": "#### {n}\n\nThis took 3 steps in all.",
    "a box, then more": "So it is $\\boxed{{{n}}}$.\n\nThis took 3 steps in all.",
    "a tag, then more": "<answer>{n}</answer> It took 3 steps.",
    "a word with a colon, then more": "Answer: {n}\n\nExplanation: we added 1 to {less} in 3 steps.",
    "the answer is, then more": "The answer is {n}. It took 3 steps to find it.",
    "the answer in Chinese, then more": "答案是{n}，一共用了3步。",
    "the answer in Spanish, then more": "La respuesta es {n}, en 3 pasos.",
    "the next question": "#### {n}\n\nQuestion: Tom has 5 apples and eats 2. How many are left?\n#### 3",
    "the next question behind a sentence": "That makes {n}.\n\nQ: Tom has 5 apples and eats 2. How many is that?\nA: 3",
    "two units": "It takes {n} minutes, which is the same as {hours} hours and {minutes} minutes.",
    "in words": "So there are {words} of them.",
    "the answer in words": "The answer is {words}.",
    "the next turn": "That makes {n}.<|im_end|>\n<|im_start|>user\nAnd 5 plus 2?",
    "the next problem without a label": "#### {n}\n\nTom has 5 apples and eats 2 of them. How many are left?\n#### 3",
    "the answer is, with a reason": "The answer is {n}, because {less} and 1 more make {n}.",
    "is the answer": "Hence {n} is the answer.",
    "Chinese": "答案是{n}",
    "Chinese with a unit": "所以，一共是{n}个。",
    "Chinese with a colon": "答案：{n}元。祝你学习愉快！",
    "Spanish": "La respuesta es {n}.",
    "French": "La réponse est donc {n} €.",
    "German": "Die Antwort lautet {n}.",
    "dollars before": "So it is ${n}.",
    "dollars and cents": "So it is ${n}.00 in all.",
    "a unit behind": "That is {n} dollars",
    "a unit behind a hyphen-less number": "That makes {n}km in all.",
    "per cent": "So it is {n}%.",
    "per cent in LaTeX": "So it is ${n}\\%$.",
    "square metres": "The area is {n} m².",
    "square centimetres with a caret": "The area is {n} cm^2.",
    "a bracket behind": "So it is {n} (that is, {less} and 1 more).",
    "a block of code by its name": "So it is {n}.\n\n```python\ntotal = {less} + 1\ntotal * 100\n```",
    "a level of certainty": "So it is {n}. 100% sure!",
    "an offer of more": "It is {n}. Let me know if you'd like another 2 problems!",
    "an index": "So it is {n}, which is the value of x_2.",
    "a list of what to do next": "So it is {n}.\n\n1. Well done\n2. Go on like that",
    "praise with an emoji": "So it is {n}. Great job! 🎉",
    "praise without a stop": "So it is {n}. Keep up the good work",
    "an offer without a stop": "So it is {n}.\n\nLet me know if you have questions",
    "an offer with a number in it": "So it is {n}.\n\nWould you like me to explain step 2 again?",
    "a hope with an emoji": "So it is {n}.\n\nI hope this helps! 😊",
    "a heart": "So it is {n}. Happy learning <3",
    "a smile": "So it is {n} :)",
    "a signature": "So it is {n}.\n\nBest regards,\nYour tutor",
    "a pleasantry in Spanish": "Son {n}.\n\n¡Espero que te sirva! Si tienes dudas, aquí estoy",
    "a pleasantry in French": "Cela fait {n}.\n\nN'hésitez pas à me demander autre chose",
    "a pleasantry in German": "Das sind {n}.\n\nViel Erfolg beim Lernen! Sag Bescheid, wenn du noch etwas brauchst",
    "a pleasantry in Chinese": "一共{n}个。\n\n希望对你有帮助！如果还有问题，请告诉我",
    "a rule below": "It comes to {n}.\n\n---",
    "an end of thoughts": "That is {n}.\n</think>",
    "an answer behind thoughts": "That is {less}.\n</think>\n\nIt is {n}.",
    "another answer in the thoughts": "So the answer is {less}. Wait.\n</think>\n\nIt is {n}.",
    "pleasantries behind thoughts": "That is {n}.\n</think>\n\nGlad to help!",
    "an end of text": "That is {n}.</s>",
    "a check that ends with the answer": "So it is {n}.\n\nCheck: {less} + 1 = {n} ✓",
    "a check that ends with a part": "So it is {n}.\nCheck: {n} - 1 = {less} ✓",
    "a check in a sentence": "So it is {n}. To verify: {n} - {less} = 1, which is correct.",
    "a check under a heading": "So it is {n}.\n\n**Verification:**\n- {n} - 1 = {less}\n- {less} + 1 = {n}",
    "a check that finds a mistake": "It is {less}.\nLet me check: that was wrong, so it is {n}.",
    "a note": "So it is {n}.\n\n*Note: this takes every day as 24 hours.*",
    "an explanation": "So it is {n}.\n\n**Explanation:** we took 1 away and had {less}.",
    "a level of confidence": "So it is {n}.\n\nConfidence: 95%",
    "the last row of a table": "| Item | Sum |\n|---|---|\n| First | {less} |\n| Second | 1 |\n| **Total** | **{n}** |",
    "the last row of a plain table": "| Item | Sum |\n| --- | --- |\n| Rest | 1 |\n| Total | ${n} |\n\nAll done!",
    "the last item of a list": "- Before: {less}\n- One more: 1\n- In all: {n}",
    "a block of code with the sum": "So it is {n}.\n\n```python\nresult = {less} + 1\nprint(result * 100)\n```",
    "a block of code without a language": "The total is {n}.\n\n```\nassert {n} - 1 == {less}\n```",
    "a block of code between waves": "The total is {n}.\n\n~~~\nprint({less} + 1, 99)\n~~~",
    "a block of another language": "The total is {n}.\n\n```c\nint total = {less} + 1, hundred = 100;\n```",
    "a block with the answer alone": "```\n{n}\n```",
    "output below code": "```python\nprint({less} + 1)\n```\n\nOutput:\n```\n{n}\n```",
    "a summary": "In summary, the number that was asked for is {n}.",
    "a summary with what is known": "In short, that makes {n} of them after 3 days.",
    "no words": "= {n}",
    "an arrow": "→ {n}",
    "a remark that sounds like a refusal": "So there are {n} left; I can't find a mistake in this.",
    "a refusal of another question": "So it is {n}. We can't say how many were red, but that was not asked.",
    "a refusal to do better": "I don't know how you'd do this faster, but it is {n}.",
    "an offer with a colon": "The total is ${n}. Tell me if you want another problem like this one:",
    "a contrast": "It's {n}, not {less}.",
    "a comparison": "That is {n}, compared to {less} before.",
    "a comparison by how much": "That is {n} in total, 1 more than before.",
    "a proof": "So it is {n}.\nProof: {n} - 1 = {less}",
    "a check in German": "Es sind {n}.\nProbe: {n} - 1 = {less}",
    "a check in one word": "So it is {n}.\nVerifying: {n} - 1 = {less}",
    "a quick check": "So it is {n}. Quick check: {n} - 1 = {less}",
    "a total": "Total: {n} miles, or {less} and 1 more",
    "a result, then more": "Result: {n}\n\nThis took 3 steps.",
    "a result in German": "**Ergebnis:** {n}\n\nDas waren 3 Schritte.",
    "a result in Spanish": "Resultado: {n}\n\nFueron 3 pasos.",
    "an assumption in brackets": "So it is {n}. (Assuming 30 days in a month.)",
    "an assumption in a sentence": "So it is {n}. This assumes 30 days in a month.",
    "a comma for thousands in a sentence": "It adds up to {grouped} altogether!",
    "help round the clock": "If you need 1-on-1 help, I'm here 24/7.",
    "points for the reader": "Awesome work! You earned 10/10 points 🌟",
    "thanks with a number": "Thanks for asking! Feel free to send me 3 more questions.",
    "the next lesson": "See you in lesson 7!",
    "an offer in Chinese with a number": "如果还有其他问题，欢迎24小时随时提问！",
    "praise in Chinese with a number": "太棒了！给你100分！👍",
    "an offer in German with a number": "Falls du noch 2 weitere Aufgaben hast, immer her damit!",
    "a hope in German with a number": "Ich hoffe, das hilft dir weiter. Bei Fragen bin ich rund um die Uhr (24/7) da.",
    "an offer in Spanish with a number": "Si necesitas ayuda con otros 5 problemas, ¡avísame!",
    "an offer in French with a number": "Si vous avez 2 minutes, dites-moi si c'était clair !",
    "a hope in French with a number": "J'espère que cela vous aide ! Je suis là 24h/24 et 7j/7.",
    "a request to rate": "Please rate this answer from 1 to 5.",
    "a count of words": "(Word count: 42)",
    "a time taken": "Time taken: 3.2 seconds",
    "a rate behind": "She earns ${n} per 2 weeks.",
    "every so many days": "He drinks {n} bottles every 3 days.",
    "a takeaway": "So the total is {n}.\n\n**Key takeaway:** always add the 2 parts first.",
    "a tip": "She has {n} left.\n\nTip: to check 10% of a number, move the decimal 1 place.",
    "a question in Spanish": "Por lo tanto, el total es {n}.\n\n¿Quieres que te explique el paso 2?",
    "Chinese words": "答案是{chinese}。",
    "a comparison in a clause": "So the total is {n}, which is 1 more than {less}.",
    "aligned maths": "\\[\n\\begin{{aligned}}\n\\text{{total}} &= {less} + 1 \\\\\n&= {n}\n\\end{{aligned}}\n\\]",
    "a box with a group": "\\boxed{{{in_latex}}}",
    "display maths with text": "$$\\text{{Total}} = {n} \\text{{ apples}}$$",
    "a box with bold maths": "\\boxed{{\\mathbf{{{n}}}}}",
    "a block of JSON": "```json\n{{\"reasoning_steps\": 4, \"answer\": {n}}}\n```",
    "digits, then words": "There are {n} ({words}) in total.",
    "a step in bold": "**Step 5:** Add up: {less} + 1 = **{n}**",
    "always here": "I am always here for you, 24 hours a day.",
    "an invitation to ask": "Don't hesitate to reach out if you get stuck on question 2.",
    "a question, then an offer": "Any questions? I'm available 24/7!",
    "happy to go on": "Happy to walk through another 3 examples with you.",
    "advice to practise": "Keep practicing 10 minutes a day and you'll be a pro!",
    "an offer in Chinese without a pronoun": "如有疑问，请在24小时内联系我。",
    "a wish in Chinese": "谢谢！祝你考试得100分！",
    "an offer in German to write": "Melde dich gern, wenn du noch 1 oder 2 Fragen hast.",
    "a wish in German": "Viel Spaß mit den nächsten 3 Aufgaben!",
    "a question in German": "Brauchst du noch Hilfe bei Aufgabe 2?",
    "an offer in Spanish to ask": "No dudes en preguntar si tienes más de 1 duda.",
    "a wish in Spanish": "¡Buena suerte con los 3 ejercicios siguientes!",
    "thanks in Spanish": "Gracias por tu pregunta número 5.",
    "an offer in French to ask": "N'hésite pas à poser 1 ou 2 autres questions.",
    "thanks in French": "Merci pour ta question ! À bientôt pour l'exercice 4.",
    "a question in French": "Veux-tu que je réexplique l'étape 2 ?",
    "a question in Chinese": "需要我再出2道类似的题吗？",
    "a rate with a slash": "So it is {n} dollars/2 weeks.",
    "within some hours": "He finishes {n} pages within 3 hours.",
    "over some days": "They collected {n} cans over 5 days.",
    "among some people": "They share {n} candies among 4 kids.",
    "between some people": "That is {n} apples between 2 people.",
    "during some days": "She ran {n} miles during those 3 days.",
    "using some steps": "We got {n} using 2 operations.",
    "hashes twice": "#### {n}\n#### {less}",
    "hashes behind another problem": "#### {n}\n\nBob has 3 pens and buys 4. 3 + 4 = 7\n#### 7",
    "the next problem behind the answer is": (
        "The answer is {n}.\n\nTom has 5 apples and eats 2 of them. How many are left?\nThe answer is 3."
    ),
    "a doubt": "So it is {n}. I am not sure.",
    "Chinese words behind a colon": "答案：{chinese}",
    "a box with text and a sum": "$$\\boxed{{\\text{{Total}} = {n}}}$$",
    "a brace below": "$\\underbrace{{{less}+1}}_{{\\text{{total}}}} = {n}$",
    "YAML": "answer: {n}\nsteps: 3",
    "bold before what it pays for": "Therefore she makes **{n}** dollars, which pays for 2 meals.",
    "bold before what it takes": "The total is **{n}** and it takes 3 days.",
}  # fmt: skip
NO_ANSWERS = [
    "I cannot determine the answer from this.",
    "But we can't tell how many of the {less} are left.",
    "So it is impossible to say.",
    "There is not enough information to solve this.",
    "In the end, I don't know.",
    "It is {n} or {less}.",
    "The answer is {less} or {n}.",
    "#### {n} or {less}",
    "So she has either {n} apples or {less} apples.",
    "That makes ${n}, or possibly ${less}, in all.",
    "Answer: unknown",
    "\\boxed{{\\text{{cannot be determined}}}}",
    "#### unknown",
    "The answer cannot be determined.",
    "There isn't enough information.",
    "This can't be determined.",
    "I give up.",
    "Sorry, I can't help with that.",
    "It's not possible to determine this.",
    "No lo sé.",
    "Ich weiß es nicht.",
    "Je ne sais pas.",
    "\\boxed{{{n}, {less}}}",
    "The answer is {n} to {less}.",
    "The answer is {n}-{less}.",
    "It is between {less} and {n}.",
    "Son {less} o {n}.",
    "That is {n} and/or {less}.",
    "\\boxed{{{n}",
    "N/A",
    "No answer.",
    "A:",
    "I have no idea.",
    "I'm not sure what the answer is.",
    "我不知道。",
    "无法确定。",
]


@cache
def solutions() -> list[tuple[str, Fraction]]:
    """The working of each solution without annotations and closing line, and its answer."""
    folder = os.environ.get("PROCTOR_DATA")
    if not folder:
        pytest.skip("PROCTOR_DATA is not set: the folder that holds gsm8k/train.jsonl and gsm8k/test.jsonl")
    pairs = []
    for split in ("train", "test"):
        for line in (Path(folder) / "gsm8k" / f"{split}.jsonl").open(encoding="utf-8"):
            working, _, number = json.loads(line)["answer"].rpartition("####")
            pairs.append(
                (re.sub(r"<<[^<>]*>>", "", working).rstrip(), Fraction(number.strip().replace(",", "")))
            )
    return pairs


def closed(closing: str, working: str, answer: Fraction) -> str:
    hours, minutes = divmod(int(answer), 60)
    said = {"hours": hours, "minutes": minutes, "words": in_words(int(answer)), "grouped": f"{int(answer):,}"}
    said |= {"in_latex": f"{int(answer):,}".replace(",", "{,}"), "chinese": in_chinese(int(answer))}
    if "{words}" in closing:
        working = ""
    return f"{working}\n" + closing.format(n=answer, less=answer - 1, **said)


SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    for size, name, link in ((10**6, "million", " "), (1000, "thousand", " "), (100, "hundred", " and ")):
        if number >= size:
            rest = link + in_words(number % size) if number % size else ""
            return f"{in_words(number // size)} {name}{rest}"
    if number < 20:
        return SMALL[max(number, 0)]
    return TENS[number // 10 - 2] + (f"-{SMALL[number % 10]}" if number % 10 else "")


def in_chinese(number: int) -> str:
    for size, name in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if number >= size:
            rest = number % size
            gap = "零" if 0 < rest < size // 10 else ""
            return f"{in_chinese(number // size)}{name}{gap}{in_chinese(rest) if rest else ''}"
    return "零一二三四五六七八九"[max(number, 0)]
